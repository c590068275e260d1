// Tells the Dockerfile kernel what the page holds: ID and text of all code cells, in their order.
//
// Written by hand as a container of webpack's module federation, so that no build step is needed.
// JupyterLab 4 and Notebook 7 load it.
//
// When: as a cell is about to be executed. NotebookActions emits `executionScheduled` right before
// it sends the execute_request, in the same turn of the event loop. Both messages go over the shell
// channel, which keeps their order: when the kernel runs a cell, it knows the page of that moment.
// Nothing is sent while the reader types, at the start, or when nothing has changed.
(() => {
  "use strict";

  const KERNEL = "dockernb";
  const TARGET = "dockernb.page";
  const VERSION = 1;

  let shared = {};

  /** A module of the application, the one that is in use where there are several versions. */
  async function applicationModule(name) {
    const versions = Object.values(shared[name] || {});
    const version = versions.find((each) => each.loaded) || versions[0];
    if (!version) {
      throw new Error(`dockernb: the application has no ${name}`);
    }
    return (await version.get())();
  }

  function codeCells(model) {
    const cells = [];
    for (const cell of model.cells) {
      if (cell.type === "code") {
        cells.push({ id: cell.id, source: cell.sharedModel.getSource() });
      }
    }
    return cells;
  }

  function same(some, others) {
    return (
      some.length === others.length &&
      some.every((cell, at) => cell.id === others[at].id && cell.source === others[at].source)
    );
  }

  /** Talks to one kernel connection. */
  class Teller {
    constructor(kernel) {
      this.kernel = kernel;
      this.comm = null;
      this.told = [];
      this.session = "";
      kernel.iopubMessage.connect((_, message) => this.noteSession(message.header.session));
    }

    /** Another page may have restarted the kernel: a new process has heard nothing yet. */
    noteSession(session) {
      if (this.session && this.session !== session && this.comm) {
        this.comm.dispose();
      }
      this.session = session;
    }

    tell(cells) {
      // JupyterLab disposes of all comms when the kernel restarts.
      const open = this.comm && !this.comm.isDisposed;
      if (open && same(cells, this.told)) {
        return;
      }
      const data = { version: VERSION, cells };
      if (open) {
        this.comm.send(data);
      } else {
        this.comm = this.kernel.createComm(TARGET);
        // On a subshell the message could be overtaken by the execute_request.
        this.comm.commsOverSubshells = "disabled";
        this.comm.open(data);
      }
      this.told = cells;
    }
  }

  function activate(tracker, executionScheduled) {
    const tellers = new WeakMap();
    executionScheduled.connect((_, { notebook }) => {
      const panel = tracker.find((each) => each.content === notebook);
      const kernel = panel?.sessionContext.session?.kernel;
      if (!kernel || kernel.name !== KERNEL || !notebook.model) {
        return;
      }
      try {
        if (!tellers.has(kernel)) {
          tellers.set(kernel, new Teller(kernel));
        }
        tellers.get(kernel).tell(codeCells(notebook.model));
      } catch (error) {
        // The cell runs all the same; the kernel then goes by the saved notebook.
        console.error("dockernb: the kernel could not be told the order of the cells", error);
      }
    });
  }

  async function plugin() {
    const { INotebookTracker, NotebookActions } = await applicationModule("@jupyterlab/notebook");
    return {
      id: "dockernb:order",
      description: "Tells the Dockerfile kernel the order of the cells",
      autoStart: true,
      requires: [INotebookTracker],
      activate: (_, tracker) => activate(tracker, NotebookActions.executionScheduled),
    };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.dockernb = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
