// A button in the notebook's toolbar: how many cells are not built. It opens the side panel.

import { h } from "./dom.js";

const OPEN = "dockernb:open-panel";

/** A command of the palette, so that the panel is found without a mouse. */
export function addCommand(app, palette, id) {
  app.commands.addCommand(OPEN, {
    label: "Show the Dockerfile Panel",
    execute: () => {
      app.shell.activateById(id);
      // The palette gives the focus back to the notebook when it closes, a moment later.
      const focus = () => document.getElementById(id)?.focus({ preventScroll: true });
      requestAnimationFrame(() => requestAnimationFrame(focus));
    },
  });
  palette?.addItem({ command: OPEN, category: "Notebook Operations" });
}

export function makeSummary(Widget, app, link) {
  const button = h("button", {
    class: "jp-ToolbarButtonComponent jp-mod-minimal", type: "button",
    click: () => void app.commands.execute(OPEN),
  });
  button.style.cssText = "border:0;background:none;font:inherit;color:var(--jp-ui-font-color1);cursor:pointer;padding:0 8px";
  const item = new Widget();
  item.node.append(button);
  item.addClass("dockernb-summary");

  function show(states) {
    const counts = new Map();
    for (const { state } of states.values()) {
      counts.set(state, (counts.get(state) || 0) + 1);
    }
    const words = ["stale", "not run", "failed"].filter((word) => counts.get(word)).map((word) => `${counts.get(word)} ${word}`);
    const text = words.length ? words.join(", ") : counts.get("built") ? "all built" : "Dockerfile";
    if (button.textContent !== text) {
      button.textContent = text;
      button.title = "Cells of this notebook; opens the Dockerfile panel";
      button.setAttribute("aria-label", `${text}: open the Dockerfile panel`);
    }
  }

  link.marks.onChange = show;
  show(link.marks.states);
  return item;
}
