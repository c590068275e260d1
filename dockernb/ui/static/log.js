// The output: while it comes its last lines, following the end unless the reader has scrolled up;
// of a finished step its beginning and its end, with a line that stands for what lies between.

const KEPT_LINES = 2000;

class LogPane {
  /** @param scrolled called when the reader has scrolled */
  constructor(scrolled = () => {}) {
    this.first = 0; // number of the first line that is here
    this.count = 0;
    this.follow = true;
    this.head = h("div", { class: "dnb-lines" });
    this.note = h("div", { class: "dnb-lognote" });
    this.lines = h("div", { class: "dnb-lines" });
    this.scroller = h("div", {
      class: "dnb-log", role: "log", "aria-live": "off", "aria-label": "Output", tabindex: 0,
      "data-lm-suppress-shortcuts": "true",
      onscroll: () => {
        const { scrollHeight, scrollTop, clientHeight } = this.scroller;
        this.follow = scrollHeight - scrollTop - clientHeight < 24;
        scrolled();
      },
    }, this.head, this.note, this.lines);
    this.element = this.scroller;
  }

  get end() {
    return this.first + this.count;
  }

  forget() {
    this.first = 0;
    this.count = 0;
    this.follow = true;
    this.head.replaceChildren();
    this.lines.replaceChildren();
  }

  /** Takes all that is shown of a finished log, in place of what is here. */
  show({ first, lines, head, gap }) {
    const { follow } = this;
    const top = this.scroller.scrollTop;
    this.forget();
    this.first = first;
    this.count = lines.length;
    this.head.replaceChildren(...head.map((line) => this.line(line)));
    this.lines.replaceChildren(...lines.map((line) => this.line(line)));
    this.say(gap);
    this.follow = follow;
    if (!follow) this.scroller.scrollTop = top;
    this.toEnd();
  }

  say(note) {
    setText(this.note, note);
    setHidden(this.note, !note);
  }

  /** Takes lines from number `first` on; they replace what is here from there. Tells of a gap. */
  add({ first, lines }) {
    const gap = first > this.end;
    if (gap || first < this.first) this.forget();
    if (this.count === 0) this.first = first;
    for (; this.end > first; this.count -= 1) this.lines.lastChild.remove();
    this.lines.append(...lines.map((line) => this.line(line)));
    this.count += lines.length;
    for (; this.count > KEPT_LINES; this.count -= 1, this.first += 1) this.lines.firstChild.remove();
    this.say(this.first > 0 ? `${formatCount(this.first)} ${this.first === 1 ? "line" : "lines"} above, not shown while more come` : "");
    this.toEnd();
    return gap;
  }

  toEnd() {
    if (this.follow) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  line(runs) {
    const line = h("div", { class: "dnb-line" });
    for (const run of runs) {
      if (typeof run === "string") line.append(run);
      else line.append(this.styled(run[0], run[1]));
    }
    if (!runs.length) line.append("\n");
    return line;
  }

  styled(text, [fg, bg, flags]) {
    const span = h("span", {}, text);
    if (flags.includes("r")) [fg, bg] = [bg || "0", fg || "7"];
    this.paint(span, "fg", fg);
    this.paint(span, "bg", bg);
    for (const flag of flags) span.classList.add(`dnb-flag-${flag}`);
    return span;
  }

  /** A palette number becomes a class, so that a theme can choose; other colours are set. */
  paint(span, kind, color) {
    if (!color) return;
    if (color.startsWith("#")) {
      span.classList.add(`dnb-${kind}`);
      span.style.setProperty(`--dnb-${kind}`, color);
    } else {
      span.classList.add(`dnb-${kind}`, `dnb-${kind}-${Number(color) % 8}`);
    }
  }
}
