// The side panel: the engine, the chain of snapshots with its stages, the steps, and what one does
// with the result. All texts are set as text: names of files, stages and images are a stranger's.

const STYLE = `
.dockernb-panel { overflow: auto; padding: 8px 12px; color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1); font-size: var(--jp-ui-font-size1); }
.dockernb-panel h2 { font-size: var(--jp-ui-font-size1); margin: 14px 0 6px;
  color: var(--jp-ui-font-color2); text-transform: uppercase; letter-spacing: .04em; }
.dockernb-panel ol { list-style: none; margin: 0; padding: 0; }
.dockernb-stage { border-left: 2px solid var(--jp-border-color1); margin: 0 0 8px 6px; }
.dockernb-stage > b { display: block; padding: 0 0 2px 10px; font-weight: 600; }
.dockernb-stage > b small { font-weight: 400; color: var(--jp-ui-font-color2); }
.dockernb-node { display: flex; gap: 8px; align-items: baseline; width: 100%; border: 0;
  background: none; color: inherit; font: inherit; text-align: left; padding: 3px 4px 3px 0;
  cursor: pointer; min-width: 0; }
.dockernb-node:hover { background: var(--jp-layout-color2); }
.dockernb-node:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: -2px; }
.dockernb-node i { flex: none; box-sizing: border-box; width: 10px; height: 10px; margin-left: -6px;
  border-radius: 50%; border: 2px solid var(--dockernb-tone); background: var(--dockernb-tone); }
.dockernb-node code { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; flex: 1;
  font-size: var(--jp-code-font-size); min-width: 0; }
.dockernb-node span { flex: none; color: var(--jp-ui-font-color2); }
[data-state="built"] { --dockernb-tone: var(--jp-success-color1, #388e3c); }
[data-state="running"] { --dockernb-tone: var(--jp-brand-color1, #1976d2); }
[data-state="failed"] { --dockernb-tone: var(--jp-error-color1, #d32f2f); }
[data-state="stale"] { --dockernb-tone: var(--jp-warn-color1, #f57c00); }
[data-state="not run"] { --dockernb-tone: var(--jp-ui-font-color3, #888); }
.dockernb-node[data-state="stale"] i, .dockernb-node[data-state="not run"] i {
  background: var(--jp-layout-color1); }
.dockernb-node[data-state="failed"] i { border-radius: 0; }
.dockernb-panel table { border-collapse: collapse; width: 100%; }
.dockernb-panel th { text-align: left; font-weight: 400; color: var(--jp-ui-font-color2); }
.dockernb-panel td, .dockernb-panel th { padding: 2px 8px 2px 0; vertical-align: top; }
.dockernb-panel .dockernb-figure { text-align: right; white-space: nowrap; padding-right: 8px; }
.dockernb-panel footer { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 12px; }
.dockernb-panel button:disabled { opacity: .45; cursor: default; }
.dockernb-panel small { overflow-wrap: anywhere; }
.dockernb-said { margin: 8px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
`;

function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(name, value);
    } else {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.filter((child) => child !== ""));
  return made;
}

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; bytes >= 1000 && at < units.length - 1; at += 1) {
    bytes /= 1000;
  }
  return at ? `${bytes.toFixed(1)} ${units[at]}` : `${bytes} B`;
}

const seconds = (value) => (value === null ? "" : value < 0.1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`);
const says = (cell) => (cell.reason ? `${cell.state}: ${cell.reason}` : cell.state);

/** The stages in order: name, base and cells. Cells before the first FROM have a stage "". */
function stages(cells) {
  const found = [];
  for (const cell of cells) {
    if (!found.length || cell.base || found.at(-1).name !== cell.stage) {
      found.push({ name: cell.stage, base: cell.base, cells: [] });
    }
    found.at(-1).cells.push(cell);
  }
  return found;
}

export function panelPlugin(INotebookTracker, Widget, links) {
  class Panel extends Widget {
    constructor(tracker) {
      super();
      this.tracker = tracker;
      this.link = null;
      this.listener = (data) => this.hear(data);
      this.id = "dockernb-panel";
      this.addClass("dockernb-panel");
      this.title.caption = "Dockerfile: engine, snapshots and steps";
      this.title.label = "Dockerfile";
      this.node.setAttribute("role", "region");
      this.node.setAttribute("aria-label", "Dockerfile notebook");
      this.said = h("p", { class: "dockernb-said", role: "status" });
      const style = document.createElement("style");
      style.textContent = STYLE;
      document.head.append(style);
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

    /** Listens to the link of the notebook in front, while the panel is open. */
    follow() {
      const panel = this.tracker.currentWidget;
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
      }
      if (typeof data.said === "string") {
        this.said.textContent = data.said;
      }
    }

    draw(data) {
      const focused = this.node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
      if (!data) {
        this.node.replaceChildren(h("p", {}, "Open a notebook with the Dockerfile kernel."));
        return;
      }
      this.node.replaceChildren(this.engine(data), this.graph(data.cells), this.table(data.cells), this.buttons(data), this.said);
      if (focused) {
        this.node.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
      }
    }

    engine({ engine, context }) {
      const state = engine.alive ? "built" : "failed";
      const dot = h("i", { class: "dockernb-dot" });
      const line = h("div", { class: "dockernb-node", "data-state": state, style: "cursor:auto;padding-left:6px" }, dot,
        h("code", {}, engine.name), h("span", {}, engine.alive ? "ready" : "does not answer"));
      line.title = engine.detail;
      return h("section", { "aria-label": "Engine" }, h("h2", {}, "Engine"), line,
        h("small", { title: context }, `build context: ${context}`));
    }

    graph(cells) {
      const known = new Set();
      const drawn = stages(cells).map((stage) => {
        const inner = known.has(stage.base.toLowerCase());
        known.add(stage.name.toLowerCase());
        const name = stage.name ? `stage ${stage.name} ` : "before the first stage";
        const base = stage.base ? h("small", {}, `from ${stage.base}`) : "";
        return h("li", { class: "dockernb-stage", style: inner ? "margin-left:26px" : "" }, h("b", {}, name, base),
          h("ol", {}, ...stage.cells.map((cell) => h("li", {}, this.node_(cell)))));
      });
      return h("nav", { "aria-label": "Snapshots" }, h("h2", {}, "Snapshots"), h("ol", {}, ...drawn));
    }

    node_(cell) {
      return h("button", {
        class: "dockernb-node", type: "button", "data-state": cell.state, "data-key": `node ${cell.id}`,
        title: `cell ${cell.number}\n${says(cell)}`,
        "aria-label": `cell ${cell.number}, ${cell.title}, ${says(cell)}`,
        click: () => this.link?.go(cell.id),
      }, h("i", { "aria-hidden": "true" }), h("code", {}, cell.title), h("span", {}, cell.snapshot || cell.state));
    }

    table(cells) {
      const figure = { class: "dockernb-figure" };
      const head = h("tr", {}, h("th", figure, "cell"), h("th", {}, "step"), h("th", {}, "state"), h("th", figure, "time"), h("th", figure, "size"));
      const rows = cells.filter((cell) => cell.status).map((cell) => h("tr", { title: says(cell) },
        h("td", figure, String(cell.number)), h("td", {}, cell.title.split(" ")[0]), h("td", {}, cell.state === "built" ? cell.status : cell.state),
        h("td", figure, seconds(cell.seconds)), h("td", figure, size(cell.bytes))));
      const total = cells.reduce((sum, cell) => sum + (cell.seconds || 0), 0);
      return h("section", { "aria-label": "Steps" }, h("h2", {}, "Steps"),
        h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows)), h("small", {}, `${rows.length} of ${cells.length} cells, ${seconds(total)}`));
    }

    buttons({ engine, cells }) {
      const open = cells.filter((cell) => cell.state !== "built").map((cell) => cell.id);
      const made = [
        this.button("Run what is needed", "Run all cells that are not built", () => this.link?.hear({ run: open }), !open.length),
        this.button("Export Dockerfile", "Write the notebook as a Dockerfile", () => this.link?.ask({ do: "export" })),
      ];
      if (engine.prunes) {
        made.push(this.button("Prune", "Remove images that have no name and that no kernel uses", (event) => {
          if (event.target.dataset.sure) {
            this.link?.ask({ do: "prune" });
            delete event.target.dataset.sure;
            event.target.textContent = "Prune";
          } else {
            event.target.dataset.sure = "yes";
            event.target.textContent = "Prune: press again";
          }
        }));
      }
      return h("footer", {}, ...made);
    }

    button(label, title, click, disabled = false) {
      const made = h("button", { class: "jp-mod-styled jp-mod-reject", type: "button", title, click, "data-key": label }, label);
      made.disabled = disabled;
      return made;
    }
  }

  /** A button in the notebook's toolbar: how many cells are not built; opens the panel. */
  class Summary extends Widget {
    constructor(app, link) {
      super();
      this.button = h("button", { class: "jp-ToolbarButtonComponent jp-mod-minimal", type: "button", click: () => app.shell.activateById("dockernb-panel") });
      this.button.style.cssText = "border:0;background:none;font:inherit;color:var(--jp-ui-font-color1);cursor:pointer;padding:0 8px";
      this.node.append(this.button);
      this.addClass("dockernb-summary");
      link.marks.onChange = (states) => this.show(states);
      this.show(link.marks.states);
    }

    show(states) {
      const counts = new Map();
      for (const { state } of states.values()) {
        counts.set(state, (counts.get(state) || 0) + 1);
      }
      const words = ["stale", "not run", "failed"].filter((word) => counts.get(word)).map((word) => `${counts.get(word)} ${word}`);
      const text = words.length ? words.join(", ") : counts.get("built") ? "all built" : "Dockerfile";
      if (this.button.textContent !== text) {
        this.button.textContent = text;
        this.button.title = "Cells of this notebook; opens the Dockerfile panel";
        this.button.setAttribute("aria-label", `${text}: open the Dockerfile panel`);
      }
    }
  }

  return {
    id: "dockernb:panel",
    description: "A side panel with the engine, the snapshots and the steps of a Dockerfile notebook",
    autoStart: true,
    requires: [INotebookTracker],
    activate: (app, tracker) => {
      app.shell.add(new Panel(tracker), "right", { rank: 700 });
      links().onLink = (panel, link) => {
        const item = new Summary(app, link);
        panel.toolbar?.insertItem(10, "dockernb", item);
        return item;
      };
    },
  };
}
