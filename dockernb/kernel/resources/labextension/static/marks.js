// A bar in the margin of each cell: built, stale, not run, failed. Its pattern says it as well as
// its colour, its tooltip and its label for screen readers say why.

import { addStyle } from "./dom.js";

const WORDS = {
  built: "built",
  stale: "stale",
  "not run": "not run",
  failed: "failed",
  running: "running",
};

const STYLE = `
.jp-CodeCell[data-dockernb-state] { position: relative; }
.dockernb-mark {
  position: absolute; top: 5px; bottom: 5px; left: 17px; width: 4px; z-index: 2;
  border-radius: 2px; background: var(--dockernb-tone);
}
.dockernb-mark::before { content: ""; position: absolute; inset: 0 -6px; }
.dockernb-mark[data-state="built"] { --dockernb-tone: var(--jp-success-color1, #388e3c); }
.dockernb-mark[data-state="running"] { --dockernb-tone: var(--jp-brand-color1, #1976d2); }
.dockernb-mark[data-state="failed"] {
  --dockernb-tone: var(--jp-error-color1, #d32f2f);
  background: none; border-left: 4px double var(--dockernb-tone); border-radius: 0;
}
.dockernb-mark[data-state="stale"] {
  --dockernb-tone: var(--jp-warn-color1, #f57c00);
  background: repeating-linear-gradient(180deg, var(--dockernb-tone) 0 6px, transparent 6px 9px);
}
.dockernb-mark[data-state="not run"] {
  background: none; border: 1px solid var(--jp-ui-font-color3, #888); box-sizing: border-box;
}
@media print { .dockernb-mark { display: none; } }
`;

/** The marks of one notebook panel. */
export class Marks {
  constructor(panel) {
    this.panel = panel;
    this.states = new Map();
    this.onChange = () => {};
    this.frame = 0;
    addStyle("dockernb-style", STYLE);
  }

  /** Takes what the kernel says is new. */
  apply(states) {
    for (const { id, state, reason } of states) {
      this.states.set(id, { state: String(state), reason: String(reason) });
    }
    this.redraw();
    this.onChange(this.ofPage());
  }

  /** Without the cells that were deleted. */
  ofPage() {
    const there = new Set((this.panel.content?.widgets || []).map((cell) => cell.model.id));
    return new Map([...this.states].filter(([id]) => there.has(id)));
  }

  clear() {
    this.states.clear();
    this.redraw();
    this.onChange(this.states);
  }

  /** Before the page is painted next: once for many changes. */
  redrawSoon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.redraw();
    });
  }

  /** Draws what is not drawn: JupyterLab makes cells anew when they are moved or come back. */
  redraw() {
    for (const cell of this.panel.content?.widgets || []) {
      if (cell.model?.type === "code") {
        draw(cell.node, this.states.get(cell.model.id));
      }
    }
  }
}

function draw(node, known) {
  const word = known && WORDS[known.state];
  let mark = node.querySelector(":scope > .dockernb-mark");
  if (!word) {
    mark?.remove();
    delete node.dataset.dockernbState;
    return;
  }
  const label = known.reason ? `${word}: ${known.reason}` : word;
  if (mark?.title === label && mark.dataset.state === known.state) {
    return;
  }
  if (!mark) {
    mark = document.createElement("div");
    mark.className = "dockernb-mark";
    mark.setAttribute("role", "img");
    node.append(mark);
  }
  node.dataset.dockernbState = known.state;
  mark.dataset.state = known.state;
  mark.title = label;
  mark.setAttribute("aria-label", `Cell is ${label}`);
}
