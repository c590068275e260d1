// The snapshots as a graph: one row a cell, one lane a stage. A line leads from a stage to where it
// is used: unbroken to a stage that begins with it, dashed to a cell that copies from it.

import { h, says, svg } from "./dom.js";

const ROW = 26; // pixels; as in panel_style.js
const LANE = 14;
const MOST_LANES = 6;

/** The stages in order, each with its cells. Cells before the first FROM have the index -1. */
function stagesOf(cells) {
  const found = [];
  for (const cell of cells) {
    if (found.at(-1)?.index !== cell.stage_index) {
      found.push({ index: cell.stage_index, name: cell.stage, base: cell.base, uses: [], cells: [] });
    }
    found.at(-1).cells.push(cell);
  }
  return found;
}

/** Gives every stage its rows and a lane that no line of another one needs meanwhile. */
function place(stages) {
  const byIndex = new Map(stages.map((stage) => [stage.index, stage]));
  let row = 0;
  for (const stage of stages) {
    stage.first = row;
    row += 1 + stage.cells.length;
    stage.last = stage.end = row - 1;
    stage.cells.forEach((cell, at) => {
      for (const index of cell.uses) {
        const used = byIndex.get(index);
        if (used && used !== stage) {
          used.end = stage.first + 1 + at;
          stage.uses.push({ from: used, row: used.end, base: at === 0 && Boolean(cell.base) });
        }
      }
    });
  }
  const until = []; // lane -> the row up to which it is taken
  for (const stage of stages) {
    const free = until.findIndex((end) => end <= stage.first + 1);
    stage.lane = free < 0 ? Math.min(until.length, MOST_LANES - 1) : free;
    until[stage.lane] = Math.max(until[stage.lane] || 0, stage.end);
  }
  return { rows: row, lanes: Math.max(1, until.length) };
}

const x = (lane) => LANE / 2 + lane * LANE;
const y = (row) => ROW / 2 + row * ROW;

function lines(stages) {
  const drawn = [];
  for (const stage of stages) {
    drawn.push(svg("path", { d: `M${x(stage.lane)} ${y(stage.first + 1)}V${y(stage.last)}` }));
    for (const { from, row, base } of stage.uses) {
      const [left, right, turn] = [x(from.lane), x(stage.lane), y(row - 1)];
      const path = `M${left} ${y(from.last)}V${turn}C${left} ${turn + ROW / 2} ${right} ${turn + ROW / 2} ${right} ${y(row)}`;
      drawn.push(svg("path", { d: path, "stroke-dasharray": base ? "none" : "3 3" }));
    }
  }
  return drawn;
}

function title(stage) {
  if (stage.index < 0) {
    return h("b", {}, "before the first stage");
  }
  return h("b", {}, `stage ${stage.name} `, stage.base ? h("small", {}, `from ${stage.base}`) : "");
}

function node(cell, stage, names, go) {
  const from = cell.uses.map((index) => names.get(index)).filter((name) => name !== undefined);
  const uses = from.length && !cell.base ? `, uses stage ${from.join(", ")}` : "";
  const mark = h("i", { style: `left:${x(stage.lane) - 5}px` });
  return h("button", {
    class: "dockernb-node", type: "button", tabindex: "-1",
    "data-state": cell.state, "data-key": `node ${cell.id}`,
    title: `cell ${cell.number}\n${says(cell)}`,
    "aria-label": `cell ${cell.number}, ${cell.title}, ${says(cell)}${uses}`,
    click: () => go(cell.id),
  }, mark, h("code", {}, cell.title), h("span", {}, cell.snapshot || cell.state));
}

/** Up, Down, Home and End move between the nodes; the Tab key comes to one of them only. */
function walk(event) {
  const nodes = [...event.currentTarget.querySelectorAll(".dockernb-node")];
  const at = nodes.indexOf(document.activeElement);
  const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: nodes.length - 1 }[event.key];
  if (at >= 0 && nodes[to]) {
    event.preventDefault();
    event.stopPropagation();
    nodes[to].focus();
  }
}

function rove(event) {
  for (const each of event.currentTarget.querySelectorAll(".dockernb-node")) {
    each.tabIndex = each === event.target ? 0 : -1;
  }
}

/** The graph. `go` is called with the ID of a cell that is chosen. */
export function chain(cells, go) {
  const stages = stagesOf(cells);
  const { rows, lanes } = place(stages);
  const names = new Map(stages.map((stage) => [stage.index, stage.name]));
  const drawing = svg("svg", { "aria-hidden": "true", width: lanes * LANE, height: rows * ROW }, ...lines(stages));
  const listed = stages.map((stage) => h("li", { class: "dockernb-stage" }, title(stage),
    h("ol", {}, ...stage.cells.map((cell) => h("li", {}, node(cell, stage, names, go))))));
  const graph = h("div", { class: "dockernb-graph", style: `--lanes:${lanes * LANE}px`, keydown: walk, focusin: rove },
    drawing, h("ol", {}, ...listed));
  const first = graph.querySelector(".dockernb-node");
  if (first) {
    first.tabIndex = 0;
  }
  return graph;
}
