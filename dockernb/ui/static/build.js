// The card of a build by buildx: a row for each instruction. The kernel sends `build` as a trait and
// the log in messages; the card asks for the log when it comes late, for a cell to be shown, and for
// the build to be ended.

class BuildCard {
  constructor(model, element) {
    this.model = model;
    this.root = element;
    this.lost = false;
    this.started = performance.now();
    this.stops = [];
    this.running = []; // of the rows that run: the cell with the time, and when it began
    this.log = new LogPane();
    this.build();
    this.listen();
    this.update();
  }

  get alive() {
    return !this.lost && this.model.get("build").status === "running";
  }

  build() {
    this.badge = h("span", { class: "dnb-badge", role: "status", "aria-live": "polite" });
    this.figure = h("span");
    this.image = h("code", { class: "dnb-id dnb-buildimage" });
    this.time = h("span", { class: "dnb-time" });
    this.stop = h("button", { class: "dnb-button", type: "button", "aria-label": "Stop the build", onclick: () => this.ask({ kind: "stop" }) }, "Stop");
    this.error = h("div", { class: "dnb-error", role: "alert" });
    const heads = ["Cell", "Stage", "State", "Time", "Instruction"].map((title) => h("th", { scope: "col" }, title));
    this.rows = h("tbody");
    this.table = h("div", { class: "dnb-steps dnb-buildrows" }, h("table", {}, h("thead", {}, h("tr", {}, ...heads)), this.rows));
    this.panel = h("details", { class: "dnb-buildlog", ontoggle: () => this.log.toEnd() }, h("summary", {}, "Log"), this.log.element);
    this.card = h("section", { class: "dnb-card dnb-build", role: "group" },
      h("div", { class: "dnb-head" }, this.badge,
        h("span", { class: "dnb-facts" }, this.figure, this.image),
        h("span", { class: "dnb-end" }, this.time, this.stop)),
      this.error, this.table, this.panel);
    this.root.replaceChildren(this.card);
  }

  listen() {
    const on = (event, handler) => {
      this.model.on(event, handler);
      this.stops.push(() => this.model.off(event, handler));
    };
    on("change:build", () => this.update());
    on("msg:custom", (message) => this.receive(message));
    on("comm_live_update", () => this.lose());
    this.ticker = setInterval(() => this.tick(), 100);
    const late = this.model.get("late");
    if (late?.log) this.takeLate(late);
    this.ask({ kind: "late" });
  }

  dispose() {
    clearInterval(this.ticker);
    this.stops.forEach((stop) => stop());
  }

  ask(message) {
    return !this.lost && sendTo(this.model, message);
  }

  receive(message) {
    if (message.kind === "late") this.takeLate(message);
    else if (message.kind === "whole") this.log.show(message);
    else if (message.kind === "log") this.log.add(message);
    setHidden(this.panel, this.log.end === 0);
  }

  takeLate({ elapsed, log }) {
    this.started = performance.now() - 1000 * elapsed;
    if (!this.alive && log.lines.length) this.log.show(log);
    else if (log.lines.length && (log.total > this.log.end || log.first < this.log.first)) this.log.add(log);
    this.tick();
    setHidden(this.panel, this.log.end === 0);
  }

  update() {
    const build = this.model.get("build");
    const status = this.lost && build.status === "running" ? "lost" : build.status;
    this.badge.className = `dnb-badge dnb-status-${status}`;
    setText(this.badge, status);
    this.card.setAttribute("aria-label", `Build with buildx: ${status}`);
    setText(this.figure, build.figure);
    setText(this.image, build.image);
    setHidden(this.image, !build.image);
    setHidden(this.stop, !this.alive);
    drawError(this.error, build.error);
    this.drawRows(build.rows);
    setHidden(this.panel, this.log.end === 0);
    this.tick();
  }

  /** Rows stay what they are, so that a reader's focus stays, too; one may be added in between. */
  drawRows(rows) {
    while (this.rows.children.length > rows.length) this.rows.lastChild.remove();
    while (this.rows.children.length < rows.length) this.rows.append(this.newRow());
    this.running = [];
    rows.forEach((row, index) => this.drawRow(this.rows.children[index], row));
  }

  newRow() {
    const go = h("button", { class: "dnb-button dnb-go", type: "button", onclick: () => this.ask({ kind: "go", cell: go.value }) });
    return h("tr", {}, h("td", {}, go, h("span")), h("td"), h("td", { class: "dnb-buildstate" }),
      h("td", { class: "dnb-col-figure" }), h("td", { class: "dnb-col-code" }, h("span"), h("div", { class: "dnb-mute dnb-says" })));
  }

  drawRow(row, [label, cell, place, text, status, time, elapsed, says]) {
    const [where, stage, state, seconds, instruction] = row.children;
    const [go, plain] = where.children;
    const leads = Boolean(cell) && !this.lost;
    go.value = cell;
    setText(go, label);
    go.title = "Show the cell";
    go.setAttribute("aria-label", `Show the cell ${label}: ${text}`);
    setHidden(go, !leads);
    setText(plain, leads ? "" : label);
    setText(stage, place);
    const shown = this.lost && status === "running" ? "lost" : status;
    setText(state, shown);
    row.className = `dnb-row-${shown.replace(" ", "-")}`;
    if (elapsed === null || this.lost) setText(seconds, elapsed === null ? time : "");
    else this.running.push([seconds, performance.now() - 1000 * elapsed]);
    setText(instruction.children[0], text);
    setText(instruction.children[1], says);
    setHidden(instruction.children[1], !says);
  }

  tick() {
    const { time } = this.model.get("build");
    const now = performance.now();
    if (this.alive) {
      setText(this.time, formatSeconds((now - this.started) / 1000));
      for (const [element, since] of this.running) setText(element, formatSeconds((now - since) / 1000));
    } else if (time) setText(this.time, time);
  }

  /** The kernel went away. A new one that shows the notebook again makes the model under its id. */
  async lose() {
    if (this.lost) return;
    this.lost = true;
    this.update();
    const model = await revived(this.model, this.root);
    if (!model) return;
    this.dispose();
    show(model, this.root);
  }
}

const cards = new WeakMap();

function show(model, element) {
  cards.set(element, new BuildCard(model, element));
}

function render({ model, el }) {
  show(model, el);
  return () => cards.get(el)?.dispose();
}

export default { render };
