// The side panel: the engine, the chain of snapshots with its stages, the steps, the build context,
// and what one does with the result.

import { chain } from "./chain.js";
import { addStyle, h } from "./dom.js";
import { STYLE } from "./panel_style.js";
import { addCommand, makeSummary } from "./summary.js";
import { contextParts, stepTable } from "./tables.js";

const ID = "dockernb-panel";

/** A part of the panel. It is drawn again only when what it shows is something else. */
class Part {
  constructor(tag, attributes, heading = "") {
    this.body = h("div");
    this.node = h(tag, attributes, heading && h("h2", {}, heading), this.body);
    this.shown = "";
  }

  show(data, make) {
    const text = JSON.stringify(data);
    if (text === this.shown) {
      return;
    }
    this.shown = text;
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.body.replaceChildren(...make());
    if (focused) {
      this.body.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }
  }
}

function makePanel(Widget, tracker, links) {
  class Panel extends Widget {
    constructor() {
      super();
      this.link = null;
      this.listener = (data) => this.hear(data);
      this.id = ID;
      this.addClass(ID);
      this.title.caption = "Dockerfile: engine, snapshots and steps";
      this.title.label = "Dockerfile";
      this.node.setAttribute("role", "region");
      this.node.setAttribute("aria-label", "Dockerfile notebook");
      this.node.tabIndex = -1;
      this.node.addEventListener("keydown", (event) => this.leave(event));
      this.open = new Set(); // the parts of the build context that are open
      this.engine = new Part("section", { "aria-label": "Engine" }, "Engine");
      this.chain = new Part("nav", { "aria-label": "Snapshots" }, "Snapshots");
      this.steps = new Part("section", { "aria-label": "Steps" }, "Steps");
      this.files = new Part("details", { "aria-label": "Build context", toggle: () => this.askFiles() });
      this.files.node.prepend(h("summary", { class: "dockernb-heading" }, "Build context"));
      this.files.node.addEventListener("toggle", (event) => this.remember(event), true);
      this.buttons = new Part("footer", { role: "group", "aria-label": "Actions" });
      this.buttons.body.style.display = "contents";
      this.said = h("p", { class: "dockernb-said", role: "status" });
      tracker.currentChanged.connect(() => this.follow());
      links().changed = () => this.follow();
      this.draw(null);
    }

    onAfterShow() {
      this.follow();
    }

    onAfterHide() {
      this.follow();
    }

    /** Escape: back to the notebook. */
    leave(event) {
      if (event.key === "Escape" && this.link) {
        event.stopPropagation();
        this.link.panel.content.node.focus();
      }
    }

    /** Listens to the link of the notebook in front, while the panel is open. */
    follow() {
      const panel = tracker.currentWidget;
      const link = this.isVisible && panel ? links().of(panel) || null : null;
      if (link === this.link) {
        return;
      }
      this.link?.listeners.delete(this.listener);
      this.link?.watchPanel(false);
      this.link = link;
      this.said.textContent = "";
      if (link) {
        link.listeners.add(this.listener);
        link.watchPanel(true);
      } else {
        this.draw(null);
      }
    }

    hear(data) {
      if (data.panel) {
        this.draw(data.panel);
        this.askFiles();
      }
      if (data.files) {
        this.files.show(data.files, () => contextParts(data.files, this.open));
      }
      if (typeof data.said === "string") {
        this.said.textContent = data.said;
      }
    }

    /** The files are looked at only while somebody looks at them. */
    askFiles() {
      if (this.files.node.open) {
        this.link?.ask({ do: "context" });
      }
    }

    remember({ target }) {
      if (target.dataset.key) {
        this.open[target.open ? "add" : "delete"](target.dataset.key);
      }
    }

    draw(data) {
      if (!data) {
        this.node.replaceChildren(h("p", {}, "Open a notebook with the Dockerfile kernel."));
        return;
      }
      const { engine, context, watch_problem: problem, cells } = data;
      this.engine.show([engine, context, problem], () => engineParts(engine, context, problem));
      this.chain.show(cells, () => [chain(cells, (id) => this.link?.go(id))]);
      this.steps.show(cells, () => stepTable(cells));
      this.buttons.show([engine, cells.map(({ id, state, snapshot }) => [id, state, snapshot])], () => this.makeButtons(engine, cells));
      if (this.engine.node.parentNode !== this.node) {
        const parts = [this.engine, this.chain, this.steps, this.files, this.buttons];
        this.node.replaceChildren(...parts.map((part) => part.node), this.said);
      }
    }

    makeButtons(engine, cells) {
      const open = cells.filter((cell) => cell.state !== "built").map((cell) => cell.id);
      return [
        button("Run what is needed", "Run all cells that are not built", () => this.link?.hear({ run: open }), !open.length),
        button("Run the image", "Start the last snapshot with its CMD, in a cell with %run", () => void this.link?.runImage(), !cells.some((cell) => cell.snapshot)),
        button("Export Dockerfile", "Write the notebook as a Dockerfile", () => this.link?.ask({ do: "export" })),
        button("Prune", "Remove images that have no name and that no kernel uses", (event) => this.prune(event.target, engine)),
      ];
    }

    /** Asks once more before anything is removed. */
    prune(pressed, engine) {
      if (engine.prunes && !pressed.dataset.sure) {
        pressed.dataset.sure = "yes";
        pressed.textContent = "Prune: press again";
        return;
      }
      delete pressed.dataset.sure;
      pressed.textContent = "Prune";
      this.link?.ask({ do: "prune" });
    }
  }
  return new Panel();
}

function engineParts(engine, context, problem) {
  const line = h("div", { class: "dockernb-engine", "data-state": engine.alive ? "built" : "failed", title: engine.detail },
    h("i", { "aria-hidden": "true" }), h("code", {}, engine.name), h("span", {}, engine.alive ? "ready" : "does not answer"));
  const parts = [line, h("small", {}, `build context: ${context}`)];
  if (problem) {
    parts.push(h("p", {}, `Changed files are noticed when a cell runs and when this window comes to the front: ${problem}.`));
  }
  return parts;
}

function button(label, title, click, disabled = false) {
  return h("button", { class: "jp-mod-styled jp-mod-reject", type: "button", title, click, disabled, "data-key": label }, label);
}

export function panelPlugin(INotebookTracker, ICommandPalette, Widget, links) {
  return {
    id: "dockernb:panel",
    description: "A side panel with the engine, the snapshots and the steps of a Dockerfile notebook",
    autoStart: true,
    requires: [INotebookTracker],
    optional: [ICommandPalette],
    activate: (app, tracker, palette) => {
      addStyle("dockernb-panel-style", STYLE);
      app.shell.add(makePanel(Widget, tracker, links), "right", { rank: 700 });
      addCommand(app, palette, ID);
      links().onLink = (panel, link) => {
        const item = makeSummary(Widget, app, link);
        panel.toolbar?.insertItem(10, "dockernb", item);
        return item;
      };
    },
  };
}
