// The buttons below the error of a cell that needs others: they run exactly those, as if the reader
// had run them, so their progress shows on their own cards.

const MIME = "application/vnd.dockernb.needed+json";

/** Runs the cells with these IDs in the order of the page. */
export async function runCells(panel, ids, actions) {
  const wanted = new Set(ids);
  const cells = panel.content.widgets.filter((cell) => wanted.has(cell.model.id));
  if (cells.length) {
    await actions.runCells(panel.content, cells, panel.sessionContext);
  }
}

function button(label, title, onclick) {
  const made = document.createElement("button");
  made.className = "jp-mod-styled jp-mod-accept dockernb-run";
  made.type = "button";
  made.textContent = label;
  made.title = title;
  made.style.marginRight = "8px";
  made.addEventListener("click", onclick);
  return made;
}

export function neededPlugin(IRenderMimeRegistry, INotebookTracker, actions, Widget) {
  const activate = (_, registry, tracker) => {
    class Needed extends Widget {
      renderModel(model) {
        const data = model.data[MIME];
        const cells = Array.isArray(data?.cells) ? data.cells : [];
        const ids = cells.map((cell) => String(cell.id));
        const names = cells.map((cell) => String(cell.label)).join("\n");
        const run = (more) => () => {
          const panel = tracker.find((each) => each.node.contains(this.node));
          if (panel) {
            void runCells(panel, [...ids, ...more], actions);
          }
        };
        this.node.style.padding = "4px 0";
        this.node.replaceChildren(
          button("Run what is needed", names, run([])),
          button("Run it and this cell", names, run([String(data?.cell_id)])),
        );
        return Promise.resolve();
      }
    }
    registry.addFactory({ safe: true, mimeTypes: [MIME], createRenderer: () => new Needed() }, 0);
  };
  return {
    id: "dockernb:needed",
    description: "Buttons that run the cells which a cell needs",
    autoStart: true,
    requires: [IRenderMimeRegistry, INotebookTracker],
    activate,
  };
}
