// Elements and figures. All texts are set as text: names of files, stages and images are a
// stranger's.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(name, value);
    } else if (value !== false) {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== ""));
  return made;
}

export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Adds a style sheet to the page, once. */
export function addStyle(id, text) {
  if (!document.getElementById(id)) {
    document.head.append(h("style", { id }, text));
  }
}

export function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; bytes >= 1000 && at < units.length - 1; at += 1) {
    bytes /= 1000;
  }
  return at ? `${bytes.toFixed(1)} ${units[at]}` : `${bytes} B`;
}

export function seconds(value) {
  return value < 0.1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`;
}

export function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** What a cell is, in words. */
export function says(cell) {
  return cell.reason ? `${cell.state}: ${cell.reason}` : cell.state;
}
