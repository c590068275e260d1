// The steps with time and size, and the build context: what cells read, what is excluded.

import { count, h, says, seconds, size } from "./dom.js";

const figure = { class: "dockernb-figure" };

function row(cell, step) {
  const state = cell.state === "built" ? step.status : cell.state;
  return h("tr", { title: says(cell) },
    h("th", { ...figure, scope: "row" }, String(cell.number)),
    h("td", {}, step.instruction), h("td", {}, state),
    h("td", figure, step.seconds === null ? "" : seconds(step.seconds)),
    h("td", figure, step.bytes === null ? "" : size(step.bytes)));
}

/** One row for each step that ran or came from the cache. */
export function stepTable(cells) {
  const head = [["cell", figure], ["step", {}], ["state", {}], ["time", figure], ["size", figure]];
  const rows = cells.flatMap((cell) => cell.steps.map((step) => row(cell, step)));
  const all = cells.flatMap((cell) => cell.steps);
  const time = all.reduce((sum, step) => sum + (step.seconds || 0), 0);
  const bytes = all.reduce((sum, step) => sum + (step.bytes || 0), 0);
  const ran = cells.filter((cell) => cell.steps.length).length;
  return [
    h("table", { "aria-label": "Steps" },
      h("thead", {}, h("tr", {}, ...head.map(([word, more]) => h("th", { ...more, scope: "col" }, word)))),
      h("tbody", {}, ...rows)),
    h("small", {}, `${ran} of ${count(cells.length, "cell")}, ${seconds(time)}, ${size(bytes)}`),
  ];
}

function fileRow({ path, bytes }) {
  return h("tr", {}, h("td", { class: "dockernb-path" }, path), h("td", figure, bytes === null ? "gone" : size(bytes)));
}

function filesOf(cell, open) {
  const more = cell.count - cell.files.length;
  return h("details", { "data-key": `files ${cell.cell}`, open: open.has(`files ${cell.cell}`) },
    h("summary", {}, `${cell.cell} reads ${count(cell.count, "file")}, ${size(cell.bytes)}`),
    h("table", { "aria-label": `Files that ${cell.cell} reads` }, h("tbody", {}, ...cell.files.map(fileRow))),
    more > 0 ? h("small", {}, `and ${more} more`) : "");
}

function ignoreRow({ line, pattern, count: found, examples }) {
  const rest = found > examples.length ? ", ..." : "";
  const what = pattern.startsWith("!") ? "takes in again" : found ? `${examples.join(", ")}${rest}` : "nothing";
  return h("tr", {}, h("th", { ...figure, scope: "row" }, String(line)),
    h("td", {}, h("code", {}, pattern)), h("td", { class: "dockernb-path" }, what));
}

/** Which files the cells read, and which line of .dockerignore excludes what.
 *
 * `open` holds the keys of the parts that are open.
 */
export function contextParts(files, open) {
  const parts = files.cells.map((cell) => filesOf(cell, open));
  if (!parts.length) {
    parts.push(h("p", {}, "No cell has read a file."));
  }
  if (files.ignore_file) {
    const head = ["line", "pattern", "excludes"].map((word, at) => h("th", { scope: "col", ...(at ? {} : figure) }, word));
    parts.push(h("table", { "aria-label": files.ignore_file },
      h("caption", {}, files.ignore_file), h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, ...files.excluded.map(ignoreRow))));
  }
  if (!files.whole) {
    parts.push(h("small", {}, "The folder is large: not all of it was looked at."));
  }
  return parts;
}
