// A terminal on a card. xterm.js comes from the kernel when a page opens its first one. Messages: see
// dockernb/ui/terminal_pane.py. What a program prints is drawn by xterm.js, which knows no markup.

const XTERM = Symbol.for("dockernb.xterm"); // one for all cards of the page: each is a module of its own
const LEAVE_MS = 400; // between the two presses of Escape
const THEME_MS = 200;
const TYPED = 8000; // characters in one message
const DRAWN = 32768; // bytes after which the kernel hears what is drawn
// Titles, links, colours that are asked for, the clipboard: nothing of that is a program's to set here.
const NOT_OURS = [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 50, 52, 104, 110, 111, 112, 133, 633, 777, 1337, 7771];

async function xtermOf(buffers) {
  const [terminal, fit, css] = buffers.map((view) => new TextDecoder().decode(view));
  const load = async (text) => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
    try {
      return await import(url);
    } finally {
      URL.revokeObjectURL(url);
    }
  };
  const [{ Terminal }, { FitAddon }] = await Promise.all([load(terminal), load(fit)]);
  document.head.append(h("style", { "data-dockernb": "xterm" }, css));
  return { Terminal, FitAddon };
}

class TerminalPane {
  /** `ask` sends a message to the kernel; `leave` gives the focus to what stands before the pane. */
  constructor(ask, leave) {
    this.send = (message) => ask({ kind: "terminal", ...message });
    this.leave = leave;
    this.page = freshId("page");
    this.state = { status: "none" };
    this.terminal = null;
    this.seen = 0;
    this.told = 0;
    this.wanted = false; // this page asked for it: it gets the focus
    this.element = this.build();
  }

  build() {
    const button = (text, onclick, title) => h("button", { class: "dnb-button", type: "button", onclick, title }, text);
    this.status = h("span", { class: "dnb-termstatus", role: "status", "aria-live": "polite" });
    this.left = h("span", { class: "dnb-mute" });
    this.run = button("Make a RUN", () => this.send({ do: "run" }), "A new cell with the commands that succeeded");
    this.end = button("End", () => this.send({ do: "end" }), "Ends the shell; its container is removed");
    this.again = button("Open again", () => this.open(), "A new container");
    this.hint = h("span", { class: "dnb-mute dnb-termhint" }, "Esc Esc leaves the terminal");
    this.error = h("div", { class: "dnb-error", role: "alert" });
    this.screen = h("div", { class: "dnb-termscreen" });
    this.offered = h("div", { class: "dnb-termoffer" });
    const element = h("div", {
      class: "dnb-term", role: "group", "aria-label": "Terminal", "data-lm-suppress-shortcuts": "true",
      onkeydown: (event) => event.stopPropagation(),
    },
    h("div", { class: "dnb-termbar" }, this.status, this.left, this.hint,
      h("span", { class: "dnb-end" }, this.run, this.again, this.end)),
    this.error, this.screen, this.offered);
    element.hidden = this.offered.hidden = true;
    this.watcher = new ResizeObserver(() => this.fit());
    this.watcher.observe(this.screen);
    this.themes = new MutationObserver(() => setTimeout(() => this.paint(), THEME_MS));
    this.themes.observe(document.body, { attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
    return element;
  }

  get isOpen() {
    return this.state.status === "starting" || this.state.status === "open";
  }

  open() {
    this.wanted = true;
    this.forget();
    this.send({ do: "open", ...this.size() });
  }

  /** Draws the kernel's word on it. */
  update(state) {
    const before = this.state;
    this.state = state ?? { status: "none" };
    const { status } = this.state;
    setHidden(this.element, status === "none");
    if (status === "none") return;
    if (status === "starting" && before.status !== "starting") this.forget();
    const words = { starting: "starting", open: "open", ended: "ended", failed: "failed", lost: "lost" };
    setText(this.status, [words[status], this.state.title && `in ${this.state.title}`, this.state.outcome].filter(Boolean).join(", "));
    if (status === "lost") setText(this.status, "its kernel is gone, and the terminal with it");
    this.element.classList.toggle("dnb-termfailed", Boolean(this.state.failed));
    setText(this.left, this.state.left ?? "");
    setHidden(this.left, !this.state.left);
    drawError(this.error, this.state.error);
    setHidden(this.end, !this.isOpen);
    setHidden(this.hint, status !== "open");
    setHidden(this.run, status === "lost" || status === "starting" || status === "failed");
    setHidden(this.again, this.isOpen || status === "lost");
    setHidden(this.screen, status === "failed" && !this.terminal);
    if (this.terminal) this.terminal.options.disableStdin = status !== "open";
    if (status === "open" || status === "ended") this.begin();
    if (before.status === "open" && status === "ended" && this.hasFocus()) this.again.focus();
  }

  hasFocus() {
    return this.element.contains(document.activeElement);
  }

  /** Makes xterm.js's part, and asks for what the terminal has shown so far. */
  begin() {
    if (this.terminal || this.disposed) return;
    if (!globalThis[XTERM]) {
      if (!this.asked) this.asked = this.send({ do: "module" }) !== false;
      return;
    }
    globalThis[XTERM].then((parts) => {
      if (this.terminal || this.disposed) return;
      this.make(parts);
      this.send({ do: "late", page: this.page });
      this.send({ do: "size", ...this.size() });
      if (this.wanted) this.show();
      this.wanted = false;
    });
  }

  show() {
    this.element.scrollIntoView({ block: "nearest" });
    this.terminal.focus();
  }

  make({ Terminal, FitAddon }) {
    const style = getComputedStyle(this.element);
    const terminal = new Terminal({
      cols: this.size().columns,
      rows: this.size().rows,
      fontFamily: style.getPropertyValue("--dnb-mono") || "monospace",
      fontSize: 13,
      scrollback: 2000,
      cursorBlink: false,
      minimumContrastRatio: 4.5,
      disableStdin: this.state.status !== "open",
      linkHandler: { activate() {} },
      screenReaderMode: false,
      theme: this.theme(),
    });
    for (const number of NOT_OURS) terminal.parser.registerOscHandler(number, () => true);
    this.fitter = new FitAddon();
    terminal.loadAddon(this.fitter);
    terminal.open(this.screen);
    terminal.textarea?.setAttribute("aria-label", "Terminal. Press Escape twice to leave it.");
    terminal.attachCustomKeyEventHandler((event) => this.key(event));
    terminal.onData((text) => this.type(text));
    terminal.onResize(({ rows, cols }) => this.send({ do: "size", rows, columns: cols }));
    this.terminal = terminal;
    this.fit();
  }

  /** The reader chose another theme: its colours are there a moment later. */
  paint() {
    if (this.terminal && !this.disposed) this.terminal.options.theme = this.theme();
  }

  theme() {
    const probe = h("span", { style: "color: var(--dnb-text); background: var(--dnb-soft)" });
    this.element.append(probe);
    const { color, backgroundColor } = getComputedStyle(probe);
    probe.remove();
    const [foreground, background] = [color, backgroundColor].map(asHex);
    return { foreground, background, cursor: foreground, cursorAccent: background, selectionBackground: "#5a8fd688" };
  }

  type(text) {
    for (let start = 0; start < text.length; start += TYPED) {
      this.send({ do: "type", text: text.slice(start, start + TYPED) });
    }
  }

  /** Whether xterm.js takes the key: not what leaves, copies or pastes. */
  key(event) {
    if (event.type !== "keydown") return true;
    const accel = event.ctrlKey && !event.altKey && !event.metaKey;
    if (accel && event.key.toLowerCase() === "v") return false;
    if (accel && event.key.toLowerCase() === "c" && this.terminal.hasSelection()) return false;
    const plain = event.key === "Escape" && !event.ctrlKey && !event.altKey && !event.shiftKey && !event.metaKey;
    const leaves = plain && !event.repeat && event.timeStamp - (this.escaped ?? -LEAVE_MS) < LEAVE_MS;
    this.escaped = plain && !leaves ? event.timeStamp : -LEAVE_MS;
    if (!leaves) return true;
    event.preventDefault();
    this.end.focus();
    return false;
  }

  size() {
    return { rows: this.terminal?.rows ?? 18, columns: this.terminal?.cols ?? this.guess() };
  }

  guess() {
    const width = this.element.parentElement?.clientWidth ?? 0;
    return width ? Math.max(20, Math.floor((width - 40) / 7.9)) : 80;
  }

  fit() {
    if (this.terminal && this.screen.clientWidth && this.screen.clientHeight) this.fitter.fit();
  }

  receive(message, buffers) {
    if (message.is === "module") this.loaded(buffers);
    else if (message.is === "run") this.offer(message);
    else if (message.is === "full") this.terminal?.write("\x07");
    else if (!this.terminal) return;
    else if (message.is === "data") this.draw(message.at, bytesOf(buffers[0]));
    else if (message.is === "all" && message.for === this.page) {
      this.terminal.write("\x1bc"); // resets it behind what still waits to be drawn
      this.seen = this.told = message.at;
      this.draw(message.at, bytesOf(buffers[0]));
    }
  }

  loaded(buffers) {
    globalThis[XTERM] ??= xtermOf(buffers);
    globalThis[XTERM].catch(() => {
      delete globalThis[XTERM];
      drawError(this.error, { title: "the terminal could not be loaded", details: "" });
    });
    this.begin();
  }

  draw(at, bytes) {
    if (at > this.seen) {
      this.send({ do: "late", page: this.page }); // a message was lost, or never sent to this page
      return;
    }
    const fresh = bytes.subarray(this.seen - at);
    if (!fresh.length) return;
    this.seen = at + bytes.length;
    const total = this.seen;
    this.terminal.write(fresh, () => {
      if (total - this.told < DRAWN && total !== this.seen) return;
      this.told = total;
      this.send({ do: "drawn", total });
    });
  }

  /** What was typed, as a RUN. */
  offer({ text, note }) {
    setHidden(this.offered, false);
    const copy = h("button", { class: "dnb-button", type: "button", onclick: async () => {
      setText(copy, (await copyText(text)) ? "copied" : "failed");
    } }, "copy");
    this.offered.replaceChildren(
      h("div", { class: "dnb-mute" }, note, " ", text ? copy : null),
      text ? h("pre", { tabindex: 0 }, text) : "",
    );
  }

  /** Another terminal comes into its place. */
  forget() {
    this.terminal?.dispose();
    this.terminal = null;
    this.seen = this.told = 0;
    this.screen.replaceChildren();
    setHidden(this.offered, true);
  }

  lose() {
    if (this.isOpen) this.update({ ...this.state, status: "lost", error: null });
  }

  dispose() {
    this.disposed = true;
    this.watcher.disconnect();
    this.themes.disconnect();
    this.terminal?.dispose();
  }
}

function bytesOf(view) {
  return new Uint8Array(view.buffer ?? view, view.byteOffset ?? 0, view.byteLength);
}

/** A colour as xterm.js takes it; a page's colours may be mixed ones. */
function asHex(color) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
