// The card of a running container. The kernel sends `run` as a trait and the log in messages; the
// card asks for the log when it comes late, and for the container to be stopped.

class RunCard {
  constructor(model, element) {
    this.model = model;
    this.root = element;
    this.lost = false;
    this.started = performance.now();
    this.stops = [];
    this.links = "";
    this.log = new LogPane();
    this.build();
    this.listen();
    this.update();
  }

  get alive() {
    const { status } = this.model.get("run");
    return !this.lost && (status === "running" || status === "stopping");
  }

  build() {
    this.badge = h("span", { class: "dnb-badge", role: "status", "aria-live": "polite" });
    this.name = h("code", { class: "dnb-id" });
    this.image = h("code", { class: "dnb-runimage" });
    this.command = h("code", { class: "dnb-runimage dnb-runcommand" });
    this.outcome = h("span");
    this.health = h("span", { class: "dnb-health", role: "status", "aria-live": "polite" });
    this.time = h("span", { class: "dnb-time" });
    this.stop = h("button", { class: "dnb-button", type: "button", onclick: () => this.ask({ kind: "stop" }) });
    this.ports = h("ul", { class: "dnb-ports", "aria-label": "Ports" });
    this.error = h("div", { class: "dnb-error", role: "alert" });
    this.notes = h("div", { class: "dnb-notes" });
    this.panel = h("div", { class: "dnb-panel" }, this.log.element);
    this.card = h("section", { class: "dnb-card dnb-run", role: "group" },
      h("div", { class: "dnb-head" }, this.badge,
        h("span", { class: "dnb-facts" }, this.name, this.health, this.outcome, this.image, this.command),
        h("span", { class: "dnb-end" }, this.time, this.stop)),
      this.ports, this.error, this.notes, this.panel);
    this.root.replaceChildren(this.card);
  }

  listen() {
    const on = (event, handler) => {
      this.model.on(event, handler);
      this.stops.push(() => this.model.off(event, handler));
    };
    on("change:run", () => this.update());
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
    try {
      if (!this.lost) this.model.send(message);
    } catch {
      this.lose();
    }
  }

  receive(message) {
    if (message.kind === "late") this.takeLate(message);
    else if (message.kind === "whole") this.log.show(message);
    else if (message.kind === "log") this.log.add(message);
    this.drawLog();
  }

  takeLate({ elapsed, log }) {
    this.started = performance.now() - 1000 * elapsed;
    if (!this.alive && log.lines.length) this.log.show(log);
    else if (log.lines.length && (log.total > this.log.end || log.first < this.log.first)) this.log.add(log);
    this.tick();
    this.drawLog();
  }

  drawLog() {
    setHidden(this.panel, this.log.end === 0);
  }

  update() {
    const run = this.model.get("run");
    const status = this.lost && (run.status === "running" || run.status === "stopping") ? "lost" : run.status;
    const tone = run.bad ? "failed" : { running: "running", exited: "built", failed: "failed" }[status] ?? "lost";
    this.badge.className = `dnb-badge dnb-status-${tone}`;
    setText(this.badge, status);
    this.card.setAttribute("aria-label", `Container ${run.name}: ${status}`);
    setText(this.name, run.name);
    setText(this.image, run.image);
    this.image.title = "The snapshot that it runs";
    setText(this.command, run.command);
    setHidden(this.command, !run.command);
    setText(this.outcome, status === "lost" ? "its kernel is gone, and it with it" : run.outcome);
    setHidden(this.outcome, !this.outcome.textContent);
    setText(this.health, this.alive ? run.health : "");
    this.health.className = `dnb-health dnb-health-${run.health || "none"}`;
    setHidden(this.health, !this.health.textContent);
    setText(this.stop, status === "stopping" ? "Kill" : "Stop");
    this.stop.setAttribute("aria-label", `${status === "stopping" ? "Kill" : "Stop"} the container ${run.name}`);
    setHidden(this.stop, !this.alive);
    drawError(this.error, run.error);
    drawNotes(this.notes, this.alive ? run.notes : [], []);
    this.drawPorts(this.alive ? run.ports : []);
    this.tick();
    this.drawLog();
  }

  drawPorts(ports) {
    const drawn = JSON.stringify(ports);
    if (drawn === this.links) return;
    this.links = drawn;
    setHidden(this.ports, !ports.length);
    const links = ports.map(([host, inside, protocol]) => portLink(host, inside, protocol));
    this.ports.replaceChildren(...links.map(({ item }) => item));
    proxyBase().then((base) => {
      if (base) links.forEach(({ point }) => point(base));
    });
  }

  tick() {
    const run = this.model.get("run");
    if (this.alive) setText(this.time, formatSeconds((performance.now() - this.started) / 1000));
    else if (run.time) setText(this.time, run.time);
  }

  /** The kernel went away. A new one that shows the notebook again makes the model under its id. */
  async lose() {
    if (this.lost) return;
    this.lost = true;
    this.update();
    for (let attempt = 0; attempt < 40; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (!this.root.isConnected) return;
      try {
        const model = await this.model.widget_manager.get_model(this.model.get("own_id"));
        if (model?.comm_live) {
          this.dispose();
          show(model, this.root);
          return;
        }
      } catch {
        // not there yet
      }
    }
  }
}

/** A line for one port, and a function that points it to the server's proxy. */
function portLink(host, inside, protocol) {
  const label = ` is its port ${inside}${protocol === "tcp" ? "" : `/${protocol}`}`;
  if (protocol !== "tcp") return { item: h("li", {}, `localhost:${host}${label}`), point() {} };
  const address = `http://localhost:${host}/`;
  const link = h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, address);
  const point = (base) => {
    link.setAttribute("href", `${base}proxy/${host}/`);
    setText(link, `${base}proxy/${host}/`);
  };
  return { item: h("li", {}, link, label), point };
}

let proxy = null;

/** The Jupyter server's base URL if it hands on ports (jupyter-server-proxy), else null. */
function proxyBase() {
  proxy ??= findProxy();
  return proxy;
}

async function findProxy() {
  try {
    const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    const base = new URL(baseUrl, location.href);
    if (base.origin !== location.origin) return null;
    const answer = await fetch(new URL("server-proxy/servers-info", base), { credentials: "same-origin" });
    return answer.ok && "server_processes" in (await answer.json()) ? base.pathname : null;
  } catch {
    return null; // no Jupyter page, or no proxy
  }
}

const cards = new WeakMap();

function show(model, element) {
  cards.set(element, new RunCard(model, element));
}

function render({ model, el }) {
  show(model, el);
  return () => cards.get(el)?.dispose();
}

export default { render };
