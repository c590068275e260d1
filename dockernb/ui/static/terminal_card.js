// The card of `%terminal`: one terminal, and nothing else.

class TerminalCard {
  constructor(model, element) {
    this.model = model;
    this.root = element;
    this.stops = [];
    this.lost = false;
    this.pane = new TerminalPane((message) => this.ask(message));
    this.card = h("section", { class: "dnb-card", role: "group", "aria-label": "Terminal" }, this.pane.element);
    this.root.replaceChildren(this.card);
    const on = (event, handler) => {
      this.model.on(event, handler);
      this.stops.push(() => this.model.off(event, handler));
    };
    on("change:terminal", () => this.pane.update(this.model.get("terminal")));
    on("msg:custom", (message, buffers) => this.pane.receive(message, buffers));
    on("comm_live_update", () => this.lose());
    this.pane.update(this.model.get("terminal"));
  }

  ask(message) {
    if (this.lost) return false;
    try {
      this.model.send(message);
      return true;
    } catch {
      return false;
    }
  }

  lose() {
    this.lost = true;
    this.pane.lose();
  }

  dispose() {
    this.pane.dispose();
    this.stops.forEach((stop) => stop());
  }
}

const cards = new WeakMap();

function render({ model, el }) {
  cards.set(el, new TerminalCard(model, el));
  return () => cards.get(el)?.dispose();
}

export default { render };
