// A file that was clicked on in the tree: its text, picture or bytes, the difference to before, and
// a download. Everything from the container is set as text; a picture is shown from its bytes as
// one of a few raster types that the kernel told by their first bytes.

const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const PACE = 600; // milliseconds between two pieces: a server drops what comes faster
const CHANGE_WORDS = { A: "added", M: "modified", D: "deleted: this is what was there before" };

class FileViewer {
  /**
   * @param ask sends a message to the kernel; false when there is none
   * @param closed called when the reader closes the file
   */
  constructor(ask, closed) {
    this.ask = ask;
    this.closed = closed;
    this.path = null;
    this.name = h("code", { class: "dnb-vname" });
    this.facts = h("span", { class: "dnb-vfacts" });
    this.contentButton = this.button("Content", () => this.choose("content"));
    this.diffButton = this.button("Changes", () => this.choose("diff"));
    this.download = this.button("Download", () => this.startDownload());
    this.close = this.button("Close", () => this.hide());
    this.body = h("div", {
      class: "dnb-vbody", tabindex: 0, role: "region", "aria-label": "Content of the file",
      "data-lm-suppress-shortcuts": "true",
    });
    this.element = h("div", { class: "dnb-viewer", onkeydown: (event) => this.pressed(event) },
      h("div", { class: "dnb-vhead" }, this.name, this.facts,
        h("span", { class: "dnb-vbuttons" }, this.contentButton, this.diffButton, this.download, this.close)),
      this.body);
    setHidden(this.element, true);
  }

  button(label, onclick) {
    return h("button", { class: "dnb-button", type: "button", onclick }, label);
  }

  /** Asks for a file; `shown` is its path as it can be read. */
  open(path, shown) {
    this.forget();
    this.path = path;
    setText(this.name, shown);
    setText(this.facts, "");
    for (const button of [this.contentButton, this.diffButton, this.download]) setHidden(button, true);
    setHidden(this.element, false);
    const asked = this.ask({ kind: "open", path });
    this.say(asked === false ? "The kernel that knows the file is gone." : "Reading …");
  }

  say(text) {
    this.body.replaceChildren(h("div", { class: "dnb-mute" }, text));
  }

  hide() {
    this.forget();
    setHidden(this.element, true);
    this.closed();
  }

  forget() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.path = null;
    this.file = null;
    this.pieces = null;
    setText(this.download, "Download");
  }

  pressed(event) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    this.hide();
  }

  /** Takes the kernel's answer to `open`. */
  show(file, buffers) {
    if (file.path !== this.path) return; // another one was opened since
    if (file.error) {
      this.say([file.error, file.hint].filter(Boolean).join(". "));
      return;
    }
    this.file = file;
    this.picture = buffers?.[0];
    setText(this.facts, [CHANGE_WORDS[file.change], file.facts].filter(Boolean).join(", "));
    const compared = file.change === "M";
    setHidden(this.contentButton, !compared);
    setHidden(this.diffButton, !compared);
    setHidden(this.download, !file.download);
    this.choose(file.diff.length ? "diff" : "content");
  }

  choose(side) {
    this.contentButton.setAttribute("aria-pressed", String(side === "content"));
    this.diffButton.setAttribute("aria-pressed", String(side === "diff"));
    this.body.replaceChildren(...(side === "diff" ? this.differences() : this.content()));
    this.body.scrollTop = 0;
  }

  content() {
    const { file } = this;
    const note = file.note ? [h("div", { class: "dnb-mute" }, file.note)] : [];
    if (file.show === "picture" && PICTURES.has(file.mime)) return [this.image(file), ...note];
    return [h("div", { class: `dnb-v${file.show}` }, ...file.lines.map((line) => this.line(line))), ...note];
  }

  image(file) {
    this.url ??= URL.createObjectURL(new Blob([this.picture], { type: file.mime }));
    return h("img", { class: "dnb-vimage", src: this.url, alt: this.name.textContent });
  }

  line(runs) {
    const line = h("div", { class: "dnb-line" });
    for (const run of runs) {
      if (typeof run === "string") line.append(run);
      else line.append(h("span", { class: `dnb-t-${run[1]}` }, run[0]));
    }
    if (!runs.length) line.append("\n");
    return line;
  }

  differences() {
    const { diff, diff_note: note } = this.file;
    const kinds = { "+": "dnb-A", "-": "dnb-D", "@": "dnb-mute" };
    const lines = diff.map(([sign, text]) => h("div", { class: `dnb-line ${kinds[sign] ?? ""}` }, `${sign}${text}`));
    return [h("div", { class: "dnb-vtext" }, ...lines), ...(note ? [h("div", { class: "dnb-mute" }, note)] : [])];
  }

  // --- download: in pieces, each asked for when the one before is here ------------------------

  startDownload() {
    if (this.pieces) return;
    this.pieces = [];
    this.next(0);
  }

  next(offset) {
    if (this.ask({ kind: "download", path: this.path, offset }) === false) this.endDownload("failed");
  }

  take(chunk, buffers) {
    if (chunk.path !== this.path || !this.pieces) return;
    if (chunk.error || !buffers?.[0]) {
      this.endDownload("failed");
      return;
    }
    this.pieces.push(buffers[0]);
    const got = chunk.offset + buffers[0].byteLength;
    if (got < chunk.total && buffers[0].byteLength > 0) {
      setText(this.download, `${Math.floor((100 * got) / chunk.total)} %`);
      setTimeout(() => this.pieces && this.next(got), PACE);
      return;
    }
    const url = URL.createObjectURL(new Blob(this.pieces, { type: "application/octet-stream" }));
    const link = h("a", { href: url, download: this.path.split("/").pop() || "file" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    this.endDownload("Download");
  }

  endDownload(label) {
    this.pieces = null;
    setText(this.download, label);
  }
}
