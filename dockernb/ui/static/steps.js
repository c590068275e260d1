// The steps as a table that can be sorted, and the image's bytes as boxes in boxes.

/** A table whose heads sort it: `columns` are [title, kind], `keys` what the rows are sorted by. */
class SortedTable {
  constructor({ columns, rows, keys, note }) {
    this.rows = rows.map((texts, index) => ({ keys: keys[index] ?? [], row: this.row(texts, columns) }));
    this.sorted = { column: 0, down: false };
    this.heads = columns.map(([title], index) => {
      const button = h("button", { type: "button", class: "dnb-sort", onclick: () => this.sort(index) }, title);
      return h("th", { scope: "col" }, button);
    });
    this.body = h("tbody");
    this.element = h("div", { class: "dnb-steps" },
      h("table", {}, h("thead", {}, h("tr", {}, ...this.heads)), this.body),
      h("p", { class: "dnb-mute" }, note));
    this.draw();
  }

  row(texts, columns) {
    return h("tr", {}, ...texts.map((text, index) => h("td", { class: `dnb-col-${columns[index]?.[1] ?? "text"}` }, text)));
  }

  sort(column) {
    const again = this.sorted.column === column;
    this.sorted = { column, down: again ? !this.sorted.down : typeof this.rows[0]?.keys[column] === "number" && column > 0 };
    this.draw();
  }

  draw() {
    const { column, down } = this.sorted;
    const order = [...this.rows].sort((one, other) => compare(one.keys[column], other.keys[column]) * (down ? -1 : 1));
    this.body.replaceChildren(...order.map(({ row }) => row));
    this.heads.forEach((head, index) => {
      head.setAttribute("aria-sort", index !== column ? "none" : down ? "descending" : "ascending");
    });
  }
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one ?? "").localeCompare(String(other ?? ""));
}

const THINNEST = 0.002;
const DEEPEST = 6;

/** Boxes in boxes. Arrow keys go from box to box, Enter makes one the whole picture, Escape goes back. */
class Icicle {
  constructor(root) {
    this.root = root;
    this.way = [];
    this.facts = h("div", { class: "dnb-boxfacts", role: "status", "aria-live": "polite" });
    this.boxes = h("div", { class: "dnb-icicle", role: "tree", "aria-label": `Where the image's bytes are: ${root.facts}` });
    this.back = h("button", { type: "button", class: "dnb-button", onclick: () => this.out() }, "Whole image");
    this.element = h("div", {},
      h("div", { class: "dnb-boxhead" }, this.facts, this.back),
      this.boxes,
      h("div", { class: "dnb-mute" }, h("span", { class: "dnb-swatch" }), " in the image  ",
        h("span", { class: "dnb-swatch dnb-lost" }), " removed or replaced by a later step"));
    this.boxes.addEventListener("keydown", (event) => this.key(event));
    this.draw(root);
  }

  draw(top, focus = false) {
    this.top = top;
    setHidden(this.back, top === this.root);
    this.boxes.replaceChildren(this.item(top, 1, top, 1));
    const first = this.boxes.querySelector(".dnb-box");
    first.tabIndex = 0;
    this.tell(first);
    if (focus) first.focus();
  }

  item(node, share, top, level) {
    const label = `${node.name} ${node.facts}`;
    const lost = node.lost * 2 > node.bytes;
    const box = h("div", { class: `dnb-box${lost ? " dnb-lost" : ""}`, role: "treeitem", tabindex: -1, title: label,
      "aria-label": label, "aria-level": level, onfocus: () => this.tell(box),
      onclick: () => (box === document.activeElement ? this.into(box) : box.focus()), ondblclick: () => this.into(box) }, label);
    box.node = node;
    const shown = level >= DEEPEST ? [] : node.children.filter((child) => child.bytes >= top.bytes * THINNEST);
    const below = shown.map((child) => this.item(child, child.bytes / node.bytes, top, level + 1));
    const item = h("div", { class: "dnb-boxitem", role: "none" }, box, h("div", { class: "dnb-boxrow", role: "group" }, ...below));
    item.style.width = `${100 * share}%`;
    return item;
  }

  tell(box) {
    setText(this.facts, `${box.node.name}: ${box.node.facts}`);
  }

  into(box) {
    if (!box.node.children.length || box.node === this.top) return;
    this.way.push(this.top);
    this.draw(box.node, true);
  }

  out() {
    const before = this.way.pop();
    if (before) this.draw(before, true);
  }

  key(event) {
    const box = event.target.closest(".dnb-box");
    if (!box || event.ctrlKey || event.altKey || event.metaKey) return;
    const item = box.parentElement;
    const goals = {
      ArrowLeft: () => item.previousElementSibling,
      ArrowRight: () => item.nextElementSibling,
      ArrowDown: () => item.lastElementChild.firstElementChild,
      ArrowUp: () => item.parentElement.closest(".dnb-boxitem"),
      Home: () => this.boxes.firstElementChild,
    };
    if (event.key === "Enter") this.into(box);
    else if (event.key === "Escape" && this.way.length) this.out();
    else if (event.key in goals) this.go(box, goals[event.key]()?.querySelector(".dnb-box"));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  go(from, to) {
    if (!to) return;
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
}

function render({ model, el }) {
  const { table, space } = model.get("steps");
  el.replaceChildren(h("section", { class: "dnb-card dnb-report" },
    table ? new SortedTable(table).element : null,
    space ? new Icicle(space).element : null));
}

export default { render };
