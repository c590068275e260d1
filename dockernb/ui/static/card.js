// One card. The kernel sends `header`, `progress`, `files` as traits and the log in messages; the
// card asks for folders, and for the log when it lacks lines. Messages: see dockernb/ui/card.py.

const TABS = ["Files", "Config", "Cache", "Log"];

// What a view leaves to the next one of the same card: a front end draws a card anew when its step
// ends. By the model's id, though every card is usually a module of its own.
const legacies = new Map();

class Card {
  constructor(model, element, known) {
    this.model = model;
    this.root = element;
    const legacy = legacies.get(model.get("own_id"));
    this.chosen = known?.chosen ?? legacy?.chosen ?? null; // the reader's tab; null: the card chooses
    this.lost = false;
    this.started = performance.now();
    this.drawn = {};
    this.stops = [];
    this.tree = new FileTree(
      (path, start) => this.ask({ kind: "folder", path, start }),
      (path, shown) => this.viewer.open(path, shown),
      known?.folders,
    );
    this.viewer = new FileViewer((message) => this.ask(message), () => this.tree.tree.focus({ preventScroll: true }));
    this.log = new LogPane(() => this.remember());
    this.terminal = new TerminalPane((message) => this.ask(message));
    this.build();
    this.card.classList.toggle("dnb-reserved", Boolean(legacy?.reserved));
    this.listen();
    this.update();
    this.remember();
  }

  get running() {
    return this.model.get("header").status === "running";
  }

  /** Sends a message to the kernel; false when there is none. */
  ask(message) {
    if (this.lost) return false;
    try {
      this.model.send(message);
      return true;
    } catch {
      return false;
    }
  }

  build() {
    this.badge = h("span", { class: "dnb-badge", role: "status", "aria-live": "polite" });
    this.id = h("code", { class: "dnb-id" });
    this.copy = h("button", { class: "dnb-button", type: "button", onclick: () => this.copyId() }, "copy");
    this.snapshot = h("span", { class: "dnb-snapshot" }, this.id, this.copy);
    this.exit = h("span");
    this.origin = h("span", { class: "dnb-origin" });
    this.why = h("span", { class: "dnb-why" });
    this.title = h("div", { class: "dnb-title" });
    this.time = h("span", { class: "dnb-time" });
    this.size = h("span", { class: "dnb-size" });
    this.actions = h("span", { class: "dnb-actions" });
    this.shell = h("button", {
      class: "dnb-button", type: "button", onclick: () => this.terminal.open(),
      title: "A shell in a container that is thrown away",
    });
    this.dots = h("ol", { class: "dnb-dots", "aria-label": "Build" });
    this.pull = h("div", { class: "dnb-pull" });
    this.error = h("div", { class: "dnb-error", role: "alert" });
    this.notes = h("div", { class: "dnb-notes" });
    this.findings = h("div", { class: "dnb-notes", "aria-label": "Lint" });
    this.tabs = TABS.map((name) => this.tab(name));
    this.tablist = h("div", {
      class: "dnb-tabs", role: "tablist", "data-lm-suppress-shortcuts": "true", onkeydown: (e) => this.tabKey(e),
    }, ...this.tabs.map((tab) => tab.button));
    this.panel = h("div", { class: "dnb-panel", role: "tabpanel", id: freshId("dnb-panel") });
    for (const tab of this.tabs) tab.button.setAttribute("aria-controls", this.panel.id);
    this.card = h("section", { class: "dnb-card", role: "group" },
      this.title,
      h("div", { class: "dnb-head" }, this.badge,
        h("span", { class: "dnb-facts" }, this.snapshot, this.exit, this.origin, this.why),
        h("span", { class: "dnb-end" }, this.time, this.size, this.shell, this.actions)),
      this.dots, this.pull, this.error, this.notes, this.findings,
      h("div", { class: "dnb-body" }, this.tablist, this.panel), this.terminal.element);
    this.root.replaceChildren(this.card);
  }

  tab(name) {
    const count = h("span", { class: "dnb-count" });
    const button = h("button", { class: "dnb-tab", type: "button", role: "tab", id: freshId("dnb-tab"), onclick: () => this.choose(name) }, name, " ", count);
    return { name, button, count };
  }

  listen() {
    const on = (event, handler) => {
      this.model.on(event, handler);
      this.stops.push(() => this.model.off(event, handler));
    };
    const later = () => {
      // Traits of one message change one after the other: draw them together.
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => this.update());
    };
    for (const name of ["header", "progress", "files", "actions", "findings", "stale"]) on(`change:${name}`, later);
    on("change:terminal", () => this.drawTerminal());
    on("msg:custom", (message, buffers) => this.receive(message, buffers));
    on("comm_live_update", () => this.heal());
    this.ticker = setInterval(() => this.tick(), 100);
    const late = this.model.get("late");
    if (late?.log) this.takeLate(late);
    // A step that takes its time will show its output: the card grows once, before anything is read.
    this.patience = setTimeout(() => this.reserve(), 150);
    // Out of sight below, it may be as low as it likes again.
    this.watcher = new IntersectionObserver(([seen]) => {
      if (!seen.isIntersecting && seen.boundingClientRect.top > 0 && !this.running) this.release();
    });
    this.watcher.observe(this.root);
    this.ask({ kind: "late" }); // this page may have missed output, or have been loaded during it
  }

  dispose() {
    clearInterval(this.ticker);
    clearTimeout(this.patience);
    this.watcher.disconnect();
    this.terminal.dispose();
    cancelAnimationFrame(this.frame);
    this.stops.forEach((stop) => stop());
  }

  receive(message, buffers) {
    if (message.kind === "terminal") this.terminal.receive(message, buffers);
    else if (message.kind === "folder") this.tree.add(message);
    else if (message.kind === "file") this.viewer.show(message, buffers);
    else if (message.kind === "chunk") this.viewer.take(message, buffers);
    else if (message.kind === "late") this.takeLate(message);
    else if (message.kind === "whole") {
      this.log.show(message);
      this.drawTabs();
    } else if (message.kind === "log") {
      const empty = this.log.end === 0;
      if (this.log.add(message) && !empty && this.running) this.drawn.gap = true;
      this.drawTabs();
    }
  }

  takeLate({ elapsed, log }) {
    this.started = performance.now() - 1000 * elapsed;
    // The tail is older than what came since, or richer than what is here: never both.
    if (!this.running && log.lines.length) this.log.show(log);
    else if (log.lines.length && (log.total > this.log.end || log.first < this.log.first)) this.log.add(log);
    this.tick();
    this.drawTabs();
  }

  /** Draws what changed; traits keep their identity while they do not change. */
  update() {
    const { header, progress, files, actions, findings, stale } = this.state();
    const fresh = (name, value) => this.drawn[name] !== value && ((this.drawn[name] = value), true);
    const again = header.status === "running" && this.drawn.status && this.drawn.status !== "running";
    if (again) this.restart();
    if (fresh("files", files)) this.tree.load(files);
    if (fresh("progress", progress)) {
      drawDots(this.dots, progress.dots ?? [], header.status);
      drawPull(this.pull, progress.pull);
    }
    if (fresh("header", header) | fresh("stale", stale)) this.drawHeader(header, stale);
    if (fresh("actions", actions)) this.drawActions(actions);
    if (fresh("findings", findings)) drawFindings(this.findings, findings ?? []);
    this.drawn.status = header.status;
    this.drawTabs();
  }

  state() {
    const state = {};
    for (const name of ["header", "progress", "files", "actions", "findings", "stale"]) state[name] = this.model.get(name);
    return state;
  }

  /** The same card runs once more. */
  restart() {
    this.started = performance.now();
    this.chosen = null;
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.reserve(), 150);
    this.tree.forget();
    this.viewer.hide();
    this.log.forget();
  }

  drawHeader(header, stale) {
    const status = stale ? "stale" : this.lost && header.status === "running" ? "lost" : header.status;
    this.badge.className = `dnb-badge dnb-status-${status}`;
    setText(this.badge, status);
    this.card.setAttribute("aria-label", `${header.label}: ${status}`);
    this.card.classList.toggle("dnb-running", status === "running");
    setText(this.id, header.short);
    setHidden(this.id, !header.short);
    setHidden(this.snapshot, !header.short && !header.id);
    setHidden(this.copy, !header.id);
    this.copy.title = header.id ? `Copy ${header.id}` : "";
    this.copy.setAttribute("aria-label", `Copy the snapshot's ID ${header.short}`);
    setText(this.exit, header.exit);
    setHidden(this.exit, !header.exit);
    setText(this.origin, stale || header.origin);
    setText(this.why, header.why);
    setHidden(this.why, !header.why || Boolean(stale));
    setText(this.title, header.titled ? header.title : "");
    setHidden(this.title, !header.titled);
    setText(this.size, header.size);
    setHidden(this.size, !header.size);
    drawError(this.error, header.error);
    drawNotes(this.notes, header.facts ?? [], header.warnings ?? []);
    this.drawTerminal();
    this.tick();
  }

  drawTerminal() {
    const label = this.lost ? "" : this.model.get("header").terminal;
    this.terminal.update(this.model.get("terminal"));
    if (this.lost) this.terminal.lose();
    setText(this.shell, label);
    setHidden(this.shell, !label || this.terminal.state.status !== "none");
  }

  drawActions(actions) {
    this.actions.replaceChildren(...actions.map(([id, label]) => h("button", {
      class: "dnb-button", type: "button", onclick: () => this.ask({ kind: "action", id }),
    }, label)));
  }

  tick() {
    const header = this.model.get("header");
    if (header.status !== "running") setText(this.time, header.time);
    else if (!this.lost) setText(this.time, formatSeconds((performance.now() - this.started) / 1000));
  }

  // --- tabs --------------------------------------------------------------------------------

  contents() {
    const header = this.model.get("header");
    const files = header.files.reduce((sum, count) => sum + count, 0);
    const lines = Math.max(header.status === "running" ? 0 : header.lines, header.lines ? 0 : this.log.end);
    return {
      Files: files ? formatCount(files) : "",
      Config: header.config.length ? formatCount(header.config.length) : "",
      Cache: header.cache && header.status !== "running" ? header.cache.status : "",
      Log: lines ? `${formatCount(lines)} ${lines === 1 ? "line" : "lines"}` : "",
    };
  }

  /** The tab that answers the reader's first question. */
  preferred(contents) {
    const { status } = this.model.get("header");
    const order = {
      running: ["Log"],
      cached: ["Cache"],
      failed: ["Log"],
      interrupted: ["Log"],
      built: ["Files", "Config", "Log"],
    };
    return (order[status] ?? []).find((name) => contents[name]) ?? "";
  }

  /** Room for the output of a step that goes on. */
  reserve() {
    if (!this.running || this.model.get("header").instruction !== "RUN") return;
    this.card.classList.add("dnb-reserved");
    this.drawTabs();
  }

  release() {
    this.card.classList.remove("dnb-reserved");
    this.drawTabs();
  }

  /** The reader has scrolled up in the log, or marks something there: it stays. */
  isRead() {
    if (this.drawn.tab !== "Log") return false;
    const selection = document.getSelection();
    return !this.log.follow || (!selection.isCollapsed && this.panel.contains(selection.anchorNode));
  }

  remember() {
    legacies.set(this.model.get("own_id"), {
      chosen: this.chosen ?? (this.isRead() ? "Log" : null),
      reserved: this.card.classList.contains("dnb-reserved"),
    });
  }

  drawTabs() {
    this.remember();
    const contents = this.contents();
    const wanted = this.chosen ?? (this.isRead() ? "Log" : this.preferred(contents));
    const shown = contents[wanted] ? wanted : "";
    for (const { name, button, count } of this.tabs) {
      setText(count, contents[name]);
      setHidden(button, !contents[name]);
      button.setAttribute("aria-selected", String(name === shown));
      button.tabIndex = name === (shown || this.tabs.find((tab) => contents[tab.name])?.name) ? 0 : -1;
      if (name === shown) this.panel.setAttribute("aria-labelledby", button.id);
    }
    const header = this.model.get("header");
    const reserved = this.card.classList.contains("dnb-reserved");
    const idle = !shown && !this.running && header.status === "built" && header.instruction === "RUN";
    setHidden(this.panel, !shown && !reserved && !idle);
    setHidden(this.tablist, !reserved && !TABS.some((name) => contents[name]));
    // A hit is one line: what there is to see, and where it came from.
    this.card.classList.toggle("dnb-slim", header.status === "cached" && this.chosen === null);
    if (this.drawn.tab === shown && (this.drawn.tabHeader === header || shown === "Files" || shown === "Log")) return;
    this.drawn.tab = shown;
    this.drawn.tabHeader = header;
    this.panel.replaceChildren(...(idle ? [this.nothing()] : this.pane(shown, header)));
    if (shown === "Files") this.tree.draw();
    if (shown === "Log") this.log.toEnd();
  }

  pane(name, header) {
    if (name === "Files") return [this.tree.element, ...(header.truncated ? [this.kept(header)] : []), this.viewer.element];
    if (name === "Config") return [configPane(header.config)];
    if (name === "Cache") return [cachePane(header.cache)];
    return name === "Log" ? [this.log.element] : [];
  }

  nothing() {
    return h("div", { class: "dnb-cache dnb-mute" }, "No file was changed, and nothing was printed.");
  }

  /** A card from an old notebook holds the first entries only. */
  kept(header) {
    const all = formatCount(header.files.reduce((sum, count) => sum + count, 0));
    return h("div", { class: "dnb-kept" },
      `The notebook keeps ${formatCount(header.kept)} of ${all} entries. Run the cell again to see all.`);
  }

  choose(name) {
    this.chosen = name;
    if (!this.running) this.card.classList.remove("dnb-reserved");
    this.drawTabs();
  }

  tabKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const buttons = this.tabs.map((tab) => tab.button).filter((button) => !button.hidden);
    const at = buttons.indexOf(event.target);
    const next = buttons[(at + step + buttons.length) % buttons.length];
    event.preventDefault();
    event.stopPropagation();
    next?.focus();
    if (next?.getAttribute("aria-selected") !== "true") next?.click();
  }

  async copyId() {
    const copied = await copyText(this.model.get("header").id);
    setText(this.copy, copied ? "copied" : "failed");
    setTimeout(() => setText(this.copy, "copy"), 1500);
  }

  // --- a kernel that went away --------------------------------------------------------------

  /** A restarted kernel makes the card's model again under the same id: look for it a while. */
  async heal() {
    if (this.lost) return;
    this.lost = true;
    this.tree.lose();
    this.drawHeader(this.model.get("header"), this.model.get("stale"));
    const id = this.model.get("own_id");
    for (let attempt = 0; attempt < 40; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (!this.root.isConnected) return;
      const model = await this.find(id);
      if (model) {
        this.dispose();
        show(model, this.root, this.sameSnapshot(model) ? { chosen: this.chosen, folders: this.tree.folders } : null);
        return;
      }
    }
  }

  async find(id) {
    try {
      const model = await this.model.widget_manager.get_model(id);
      return model?.comm_live ? model : null;
    } catch {
      return null;
    }
  }

  sameSnapshot(model) {
    return model.get("header").id === this.model.get("header").id;
  }
}

const cards = new WeakMap(); // element -> the card that it shows now

function show(model, element, known) {
  cards.set(element, new Card(model, element, known));
}

function render({ model, el }) {
  show(model, el);
  return () => cards.get(el)?.dispose();
}

export default { render };
