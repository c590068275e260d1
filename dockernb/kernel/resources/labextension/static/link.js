// Between a page and its kernel: the page tells its cells, the kernel tells what they are.
//
// The page's word goes out a moment after a change, and at once when a cell is about to be executed:
// NotebookActions emits `executionScheduled` right before it sends the execute_request, in the same
// turn of the event loop. Both messages go over the shell channel, which keeps their order: when the
// kernel runs a cell, it knows the page of that moment. Only what is new is sent: a key that is
// typed costs the text of one cell, however many there are.

import { Marks } from "./marks.js";
import { runCells } from "./needed.js";

const KERNEL = "dockernb";
const TARGET = "dockernb.page";
const VERSION = 1;
const LATER_MS = 250; // how long after a change the kernel is told, with all that came meanwhile

function codeCells(model) {
  const cells = new Map();
  for (const cell of model.cells) {
    if (cell.type === "code") {
      cells.set(cell.id, cell.sharedModel.getSource());
    }
  }
  return cells;
}

/** What has changed since `told`, as a message; null: nothing. */
function news(cells, told) {
  const changed = [];
  for (const [id, source] of cells) {
    if (told.get(id) !== source) {
      changed.push({ id, source });
    }
  }
  const order = [...cells.keys()];
  const before = [...told.keys()];
  const same = order.length === before.length && order.every((id, at) => id === before[at]);
  if (same && !changed.length) {
    return null;
  }
  return { version: VERSION, changed, ...(same ? {} : { order }) };
}

/** One notebook panel and its kernel connection. */
class Link {
  constructor(panel, kernel, actions) {
    this.panel = panel;
    this.kernel = kernel;
    this.actions = actions;
    this.marks = new Marks(panel);
    this.comm = null;
    this.told = new Map();
    this.session = "";
    this.timer = 0;
    this.listeners = new Set();
    this.panelWatched = false;
    this.item = null;
    this.onContent = () => this.soon();
    this.onStatus = (_, status) => status === "idle" && !this.isOpen && this.soon();
    this.onIopub = (_, message) => this.noteSession(message.header.session);
    panel.context.model.contentChanged.connect(this.onContent);
    kernel.statusChanged.connect(this.onStatus);
    kernel.iopubMessage.connect(this.onIopub);
    kernel.info.then(() => this.soon(), () => {});
  }

  get isOpen() {
    // JupyterLab disposes of all comms when the kernel restarts.
    return this.comm !== null && !this.comm.isDisposed;
  }

  dispose() {
    clearTimeout(this.timer);
    this.panel.context.model?.contentChanged.disconnect(this.onContent);
    this.kernel.statusChanged.disconnect(this.onStatus);
    this.kernel.iopubMessage.disconnect(this.onIopub);
    this.marks.clear();
    this.item?.dispose();
    if (this.isOpen && !this.kernel.isDisposed) {
      this.comm.close();
    }
  }

  /** Another page may have restarted the kernel: a new process has heard nothing yet. */
  noteSession(session) {
    if (this.session && this.session !== session && this.isOpen) {
      this.comm.dispose();
      this.soon();
    }
    this.session = session;
  }

  /** Tells the kernel in a moment; not later, however much is printed or typed meanwhile. */
  soon() {
    this.marks.redrawSoon();
    this.timer ||= setTimeout(() => this.tell(), LATER_MS);
  }

  tell() {
    clearTimeout(this.timer);
    this.timer = 0;
    const model = this.panel.content.model;
    if (!model || this.kernel.isDisposed) {
      return;
    }
    try {
      this.send(codeCells(model));
    } catch (error) {
      // The cell runs all the same; the kernel then goes by the saved notebook.
      console.error("dockernb: the kernel could not be told the cells", error);
    }
  }

  send(cells) {
    if (this.isOpen) {
      const message = news(cells, this.told);
      if (message) {
        this.comm.send(message);
      }
    } else {
      this.marks.clear();
      this.comm = this.kernel.createComm(TARGET);
      // On a subshell the message could be overtaken by the execute_request.
      this.comm.commsOverSubshells = "disabled";
      this.comm.onMsg = (message) => this.hear(message.content.data);
      this.comm.open({
        version: VERSION,
        cells: [...cells].map(([id, source]) => ({ id, source })),
      });
      this.watchPanel(this.panelWatched);
    }
    this.told = cells;
  }

  /** Asks the kernel for something: `do` names it. */
  ask(request) {
    if (this.isOpen) {
      this.comm.send({ version: VERSION, ...request });
    }
  }

  /** Whether the kernel shall tell what the side panel shows. */
  watchPanel(on) {
    this.panelWatched = on;
    this.ask({ do: "panel", on });
  }

  hear(data) {
    if (data.states) {
      this.marks.apply(data.states);
    }
    for (const edit of data.edits || []) {
      this.edit(edit);
    }
    if (data.insert) {
      this.insert(data.insert);
    }
    for (const { model } of this.panel.content.widgets) {
      if (data.clear?.includes(model.id)) {
        model.clearExecution?.();
      }
    }
    if (data.run) {
      void runCells(this.panel, data.run, this.actions);
    }
    if (data.go) {
      this.go(data.go);
    }
    for (const listener of this.listeners) {
      listener(data);
    }
  }

  /** Gives a cell an earlier text; one step for the editor's own undo. */
  edit({ id, source }) {
    for (const cell of this.panel.content.widgets) {
      if (cell.model.id === id) {
        cell.model.sharedModel.setSource(source);
      }
    }
  }

  /** A new cell below or above another one, chosen and ready to be edited. */
  insert({ below, above, source }) {
    const cells = this.panel.content.widgets;
    const at = cells.findIndex((cell) => cell.model.id === (below ?? above));
    if (at < 0 || typeof source !== "string") {
      return;
    }
    const place = above ? at : at + 1;
    this.panel.content.model.sharedModel.insertCell(place, { cell_type: "code", source });
    this.panel.content.activeCellIndex = place;
    this.panel.content.deselectAll();
  }

  /** Runs the last snapshot: in the cell with %run that is there, else in a new one at the end. */
  async runImage() {
    const { sharedModel, cells } = this.panel.content.model;
    const code = [...cells].filter((cell) => cell.type === "code");
    let id = code.findLast((cell) => /^\s*%run\b/.test(cell.sharedModel.getSource()))?.id;
    if (!id) {
      const last = sharedModel.cells.at(-1);
      const empty = last?.cell_type === "code" && !last.getSource().trim();
      const made = empty ? last : sharedModel.insertCell(sharedModel.cells.length, { cell_type: "code" });
      made.setSource("%run -P");
      id = made.id;
    }
    this.go(id);
    await runCells(this.panel, [id], this.actions);
  }

  /** Chooses a cell and brings it into view. */
  go(id) {
    const at = this.panel.content.widgets.findIndex((cell) => cell.model.id === id);
    if (at >= 0) {
      this.panel.content.activeCellIndex = at;
      this.panel.content.deselectAll();
      void this.panel.content.scrollToItem(at, "smart");
    }
  }
}

/** The links of all notebook panels. */
export class Links {
  constructor(tracker, actions) {
    this.actions = actions;
    this.links = new Map();
    this.changed = () => {};
    this.onLink = () => null;
    tracker.forEach((panel) => this.follow(panel));
    tracker.widgetAdded.connect((_, panel) => this.follow(panel));
    actions.executionScheduled.connect((_, { notebook }) => {
      for (const [panel, link] of this.links) {
        if (panel.content === notebook) {
          link.tell();
        }
      }
    });
    // Files that cells copied may have been edited in another window.
    window.addEventListener("focus", () => {
      for (const link of this.links.values()) {
        link.ask({ do: "look" });
      }
    });
  }

  of(panel) {
    return this.links.get(panel);
  }

  follow(panel) {
    const settle = () => {
      const kernel = panel.sessionContext.session?.kernel;
      if (this.links.get(panel)?.kernel === kernel) {
        return;
      }
      this.links.get(panel)?.dispose();
      this.links.delete(panel);
      if (kernel && kernel.name === KERNEL) {
        const link = new Link(panel, kernel, this.actions);
        this.links.set(panel, link);
        link.item = this.onLink(panel, link);
      }
      this.changed();
    };
    panel.sessionContext.kernelChanged.connect(settle);
    panel.disposed.connect(() => {
      this.links.get(panel)?.dispose();
      this.links.delete(panel);
    });
    void panel.context.ready.then(settle);
  }
}
