# ruff: noqa: E501 (a page in a string)
"""Pages that show cards in every state: `python -m tests.unit.ui.gallery FOLDER [--shots]`.

`static.html` holds the static cards; `live.html` mounts the browser part with a model that answers
from memory. `--shots` takes pictures of both with Chromium, light and dark, wide and narrow.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from dockernb.ui import widget_state
from dockernb.ui.card_model import CardModel
from dockernb.ui.html import card_html
from tests.unit.ui import samples

STATIC = Path(widget_state.__file__).parent / "static"
SCRIPTS = ("dom.js", "tree.js", "log.js", "panes.js", "card.js")
THEMES = {
    "light": "color-scheme:light;background:#fff;color:#000;"
    "--jp-ui-font-color1:rgba(0,0,0,.87);--jp-layout-color1:#fff",
    "dark": "color-scheme:dark;background:#111;color:#fff;"
    "--jp-ui-font-color1:rgba(255,255,255,.87);--jp-layout-color1:#111",
}
FAKE_MODEL = """
function fakeModel(sample) {
  const listeners = {};
  const emit = (event, ...args) => (listeners[event] ?? []).forEach((f) => f(...args));
  return {
    sent: [], emit,
    get: (name) => sample.state[name],
    set(name, value) { sample.state[name] = value; emit(`change:${name}`); },
    on: (event, f) => (listeners[event] ??= []).push(f),
    off: (event, f) => { listeners[event] = (listeners[event] ?? []).filter((g) => g !== f); },
    send(message) {
      this.sent.push(message);
      const rows = sample.answers[message.path];
      if (message.kind === "late") setTimeout(() => emit("msg:custom", { kind: "late", ...sample.late }));
      if (message.kind === "folder" && rows) setTimeout(() => emit("msg:custom",
        { kind: "folder", path: message.path, start: message.start, total: rows.total, rows: rows.rows.slice(message.start) }));
    },
    widget_manager: { get_model: async () => null },
  };
}
"""


def sample(model: CardModel) -> dict[str, object]:
    """The state of a widget, and the answers of its kernel."""
    view, tree = model.view, model.tree
    update = model.log.update()
    late = {"elapsed": 3.4, "log": widget_state.log(model.log.tail())}
    answers: dict[str, object] = {}
    waiting = ["/"]
    while waiting and len(answers) < 60:
        path = waiting.pop(0)
        answers[path] = widget_state.folder(tree, path)
        waiting += [row.path for row in tree.children(path) if row.expandable]
    state = {
        "header": widget_state.header(view),
        "progress": widget_state.progress(view),
        "files": widget_state.files(tree),
        "actions": [],
        "stale": "",
        "late": late,
        "own_id": "x",
    }
    return {"state": state, "late": late, "answers": answers, "shown": update is not None}


def live_page(theme: str) -> str:
    data = {name: sample(model) for name, model in samples.models().items()}
    stale = sample(samples.models()["configured"])
    stale["state"]["stale"] = "cell [3] above changed: app/main.py was edited"  # type: ignore[index]
    stale["state"]["actions"] = [["run", "run what is needed: [3] [4]"]]  # type: ignore[index]
    data["stale"] = stale
    script = "\n".join((STATIC / name).read_text() for name in SCRIPTS)
    script = script.replace("export default { render };", FAKE_MODEL)
    text = json.dumps(data).replace("<", "\\u003c")
    return f"""<!doctype html><meta charset="utf-8"><style>{(STATIC / "card.css").read_text()}
body{{margin:0;padding:12px;font:13px system-ui,"DejaVu Sans",sans-serif}} .el{{margin-bottom:10px}}</style>
<body style="{THEMES[theme]}"><script type="module">{script}
window.models = {{}}; window.__render = render;
for (const [name, sample] of Object.entries({text})) {{
  const el = document.createElement("div"); el.className = "el"; el.id = name; document.body.append(el);
  const t0 = performance.now();
  render({{ model: (window.models[name] = fakeModel(sample)), el }});
  el.dataset.ms = performance.now() - t0;
}}</script>"""


def static_page(theme: str) -> str:
    cards = "\n".join(card_html(model.view) for model in samples.models().values())
    return (
        '<!doctype html><meta charset="utf-8"><style>body{margin:0;padding:12px;'
        f'font-family:"DejaVu Sans"}}</style><body style="{THEMES[theme]}">{cards}'
    )


def take_pictures(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    arguments = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", args=arguments, headless=True
        )
        page = context.pages[0]
        page.on("pageerror", lambda error: print("page error:", error))
        page.on("dialog", lambda dialog: sys.exit("a script of a file name ran"))
        for width in (820, 340):
            page.set_viewport_size({"width": width, "height": 900})
            for name in ("live-light", "live-dark", "static-light", "static-dark"):
                page.goto((folder / f"{name}.html").as_uri())
                page.wait_for_timeout(400)
                page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        context.close()


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        (folder / f"live-{theme}.html").write_text(live_page(theme))
        (folder / f"static-{theme}.html").write_text(static_page(theme))
    if "--shots" in sys.argv:
        take_pictures(folder)


if __name__ == "__main__":
    main()
