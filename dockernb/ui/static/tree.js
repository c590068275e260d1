// The changed files: a tree that draws only the rows that are seen and asks for folders when opened.

const ROW = 22; // pixels; the same as --dnb-row in card.css
const FIRST_HEIGHT = 9 * ROW; // as high as the log, until the reader opens a folder
const TREE_HEIGHT = 15 * ROW;
const CHANGES = { A: "added", M: "modified", D: "deleted" };

/** A row that stands for something to look into: no folder with rows, no line that counts. */
function isFile(row) {
  return Boolean(row) && !row[4] && Boolean(row[2]) && !row[1].endsWith("/");
}

class FileTree {
  /**
   * @param ask (path, start) => false if nobody can answer
   * @param open (path, shown) called for a file that the reader chose
   * @param known folders that another view of the same card has seen: Map path -> {rows, total}
   */
  constructor(ask, open, known = new Map()) {
    this.ask = ask;
    this.openFile = open;
    this.folders = known;
    this.open = new Set();
    this.asked = new Set();
    this.lost = false;
    this.items = [];
    this.active = 0;
    this.space = h("div", { class: "dnb-space", role: "presentation" });
    this.id = freshId("dnb-tree");
    this.limit = FIRST_HEIGHT;
    this.below = h("div", { class: "dnb-below", "aria-hidden": "true" });
    this.tree = h(
      "div",
      {
        class: "dnb-tree", role: "tree", tabindex: 0, "aria-label": "Changed files",
        "data-lm-suppress-shortcuts": "true", // else JupyterLab moves to the next cell
        onscroll: () => requestAnimationFrame(() => this.draw()),
        onclick: (event) => this.clicked(event),
        onkeydown: (event) => this.pressed(event),
      },
      this.space,
    );
    this.element = h("div", { class: "dnb-treebox" }, this.tree, this.below);
  }

  /** Takes the `files` trait. What the reader opened stays open. */
  load(files) {
    for (const [path, folder] of Object.entries(files.folders ?? {})) {
      const known = this.folders.get(path);
      if (!known || known.rows.length < folder.rows.length) this.folders.set(path, folder);
    }
    for (const path of files.open ?? []) this.open.add(path);
    this.flatten();
  }

  forget() {
    this.folders.clear();
    this.open.clear();
    this.asked.clear();
    this.active = 0;
  }

  /** Takes rows of a folder that was asked for. */
  add({ path, start, rows, total }) {
    const folder = this.folders.get(path) ?? { rows: [], total };
    if (start <= folder.rows.length) folder.rows = folder.rows.slice(0, start).concat(rows);
    folder.total = total;
    this.folders.set(path, folder);
    this.asked.delete(`${path}\n${start}`);
    this.flatten();
  }

  /** The kernel is gone: folders that are not here will not come. */
  lose() {
    this.lost = true;
    this.draw();
  }

  flatten() {
    const items = [];
    const visit = (path, depth) => {
      const folder = this.folders.get(path);
      const rows = folder?.rows ?? [];
      const size = folder?.total ?? 1;
      rows.forEach((row, index) => {
        items.push({ row, depth, position: index + 1, size });
        if (row[4] && this.open.has(row[0])) visit(row[0], depth + 1);
      });
      if (rows.length < size) items.push({ missing: path, start: rows.length, left: size - rows.length, depth });
    };
    visit("/", 0);
    this.items = items;
    this.active = Math.max(0, Math.min(this.active, items.length - 1));
    const height = items.length * ROW;
    this.space.style.height = `${height}px`;
    this.tree.style.height = `${Math.min(height, this.limit)}px`;
    this.draw();
  }

  draw() {
    const view = this.tree.clientHeight || TREE_HEIGHT;
    const from = Math.max(0, Math.floor(this.tree.scrollTop / ROW) - 6);
    const to = Math.min(this.items.length, from + Math.ceil(view / ROW) + 12);
    const rows = document.createDocumentFragment();
    for (let index = from; index < to; index += 1) rows.append(this.row(index));
    this.space.replaceChildren(rows);
    if (this.items.length) this.tree.setAttribute("aria-activedescendant", `${this.id}-${this.active}`);
    const hidden = this.items.length - Math.round((this.tree.scrollTop + view) / ROW);
    setText(this.below, hidden > 0 ? `${formatCount(hidden)} more below ▾` : "");
    setHidden(this.below, hidden <= 0);
  }

  row(index) {
    const item = this.items[index];
    const [, name, change, size, counts, link] = item.row ?? ["", this.missingText(item), "", "", null, null];
    const isOpen = counts && this.open.has(item.row[0]);
    const shown = item.row?.[6] ?? item.row?.[0] ?? "";
    const parts = [
      h("span", { class: `dnb-letter dnb-${change || "none"}`, "aria-label": CHANGES[change] }, change || ""),
      h("span", { class: "dnb-name", style: `padding-left:${item.depth * 16}px` },
        h("span", { class: "dnb-arrow", "aria-hidden": "true" }, counts ? (isOpen ? "▾" : "▸") : ""),
        h("span", { class: item.row && !item.row[0].endsWith("//") ? "dnb-file" : "dnb-mute" }, name),
        link === null ? null : h("span", { class: "dnb-mute" }, ` → ${link}`)),
      this.counts(counts),
      h("span", { class: "dnb-bytes" }, size),
    ];
    return h("div", {
      class: isFile(item.row) ? "dnb-row dnb-openable" : "dnb-row", id: `${this.id}-${index}`, role: "treeitem", "data-index": index,
      title: item.row ? `${shown}${link === null ? "" : ` → ${link}`}` : null,
      style: `top:${index * ROW}px`,
      "aria-level": item.depth + 1, "aria-posinset": item.position, "aria-setsize": item.size,
      "aria-expanded": counts ? String(Boolean(isOpen)) : null,
      "aria-selected": String(index === this.active),
    }, ...parts);
  }

  counts(counts) {
    const cell = h("span", { class: "dnb-counts" });
    (counts ?? []).forEach((count, index) => {
      const letter = "AMD"[index];
      if (count) cell.append(h("span", { class: `dnb-${letter}`, title: `${count} ${CHANGES[letter]}` }, `${formatCount(count)} ${letter}`));
    });
    return cell;
  }

  missingText(item) {
    const key = `${item.missing}\n${item.start}`;
    if (!this.lost && !this.asked.has(key)) {
      this.asked.add(key);
      if (this.ask(item.missing, item.start) === false) this.lost = true;
    }
    if (this.lost) return `${formatCount(item.left)} more: the kernel that knows them is gone`;
    return `${formatCount(item.left)} more …`;
  }

  toggle(index, wanted) {
    const row = this.items[index]?.row;
    if (!row?.[4]) return;
    const open = wanted ?? !this.open.has(row[0]);
    if (open) {
      this.open.add(row[0]);
      if (!this.folders.has(row[0])) this.folders.set(row[0], { rows: [], total: 1 });
    } else {
      this.open.delete(row[0]);
    }
    this.flatten();
  }

  /** Opens or closes a folder, shows a file. */
  choose(index) {
    const row = this.items[index]?.row;
    if (isFile(row)) this.openFile(row[0], row[6] ?? row[0]);
    else this.toggle(index);
  }

  clicked(event) {
    const row = event.target.closest(".dnb-row");
    if (!row) return;
    this.limit = TREE_HEIGHT;
    this.active = Number(row.dataset.index);
    this.choose(this.active);
    this.draw();
  }

  pressed(event) {
    const item = this.items[this.active];
    const last = this.items.length - 1;
    const page = Math.max(1, Math.floor(this.tree.clientHeight / ROW) - 1);
    const isOpen = item?.row?.[4] && this.open.has(item.row[0]);
    const moves = {
      ArrowDown: () => this.active + 1,
      ArrowUp: () => this.active - 1,
      PageDown: () => this.active + page,
      PageUp: () => this.active - page,
      Home: () => 0,
      End: () => last,
      ArrowRight: () => (isOpen ? this.active + 1 : (this.toggle(this.active, true), this.active)),
      ArrowLeft: () => (isOpen ? (this.toggle(this.active, false), this.active) : this.parent(this.active)),
      Enter: () => (this.choose(this.active), this.active),
      " ": () => (this.choose(this.active), this.active),
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.active = Math.max(0, Math.min(last, move()));
    const top = this.active * ROW;
    const view = this.tree.clientHeight;
    if (top < this.tree.scrollTop) this.tree.scrollTop = top;
    if (top + ROW > this.tree.scrollTop + view) this.tree.scrollTop = top + ROW - view;
    this.draw();
  }

  parent(index) {
    const depth = this.items[index]?.depth ?? 0;
    for (let above = index - 1; above >= 0; above -= 1) {
      if (this.items[above].depth < depth) return above;
    }
    return index;
  }
}
