// The lab extension of the Dockerfile kernel, for JupyterLab 4 and Notebook 7.
//
// Written by hand as a container of webpack's module federation, so that no build step is needed.
// The parts are ES modules beside this file:
//   link.js    tells the kernel the cells as they change; hears what they are
//   marks.js   shows that in the margin of each cell
//   needed.js  the button "Run what is needed"
//   panel.js   the side panel; its parts are chain.js and tables.js
//   summary.js the button in the toolbar that opens it
(() => {
  "use strict";

  const here = document.currentScript.src;
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

  async function plugins() {
    const part = (name) => import(new URL(name, here));
    const [apputils, notebook, rendermime, widgets, { Links }, { neededPlugin }, { panelPlugin }] = await Promise.all([
      applicationModule("@jupyterlab/apputils"),
      applicationModule("@jupyterlab/notebook"),
      applicationModule("@jupyterlab/rendermime"),
      applicationModule("@lumino/widgets"),
      part("link.js"),
      part("needed.js"),
      part("panel.js"),
    ]);
    const { INotebookTracker, NotebookActions } = notebook;
    let links = null;
    const cells = {
      id: "dockernb:cells",
      description: "Tells the Dockerfile kernel the cells and shows what they are",
      autoStart: true,
      requires: [INotebookTracker],
      activate: (_, tracker) => {
        links = new Links(tracker, NotebookActions);
      },
    };
    const needed = neededPlugin(rendermime.IRenderMimeRegistry, INotebookTracker, NotebookActions, widgets.Widget);
    const panel = panelPlugin(INotebookTracker, apputils.ICommandPalette, widgets.Widget, () => links);
    return [cells, needed, panel];
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.dockernb = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const made = await plugins();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
