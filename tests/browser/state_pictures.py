"""Makes the pictures of docs/state.md again: `python -m tests.browser.state_pictures`.

It needs what the browser tests need (see tests/testbed) and Pillow, which makes the files small.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from tests.testbed import browser

from . import chromium, notebook, server
from .lab import Lab
from .margin import EDITED, NEW, expect_marks
from .readme_picture import MARGIN, PICTURE, smaller

FILES = {
    "app/main.py": 'print("hello")\n' * 40,
    "app/page.html": "<h1>hello</h1>\n" * 90,
    "app/debug.log": "nobody needs this\n" * 9,
    ".dockerignore": "**/*.log\n",
}
CELLS = [
    "FROM busybox AS build",
    "COPY app /app",
    "RUN tar -cf /app.tar /app",
    "FROM busybox",
    "COPY --from=build /app.tar /srv/app.tar",
    'CMD ["httpd", "-f", "-p", "8000"]',
]


def main() -> None:
    """Edits cells in JupyterLab and writes the pictures."""
    docker_host = os.environ["DOCKERNB_TEST_DOCKER_HOST"]
    executable = os.environ.get("DOCKERNB_TEST_CHROMIUM") or browser.find()
    assert executable, "Chromium is not installed: python -m tests.testbed up browser"
    with (
        tempfile.TemporaryDirectory(prefix="course") as folder,
        server.running(Path(folder), docker_host) as running,
        chromium.started(executable, running, width=1150, height=1500) as context,
    ):
        project = running.root / "app"
        for name, text in FILES.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text)
        lab = Lab(context.new_page(), running)
        lab.open(notebook.write(project / "app.ipynb", CELLS))
        lab.menu("View", "Appearance", "Show Left Sidebar")
        lab.run_all()
        expect_marks(lab, *["built"] * 6)
        take_panel(lab)
        take_margins(lab)


def take_panel(lab: Lab) -> None:
    lab.page.locator(".dockernb-summary button").click()
    panel = lab.page.get_by_role("region", name="Dockerfile notebook")
    panel.get_by_text("Build context", exact=True).click()
    panel.get_by_text("cell 2 reads 2 files").click()
    expect(panel.get_by_text("page.html")).to_be_visible()
    # The path of a temporary folder says nothing.
    panel.locator("section small").first.evaluate("each => { each.hidden = true; }")
    frame, buttons = panel.bounding_box(), panel.get_by_role("group", name="Actions").bounding_box()
    assert frame
    assert buttons
    height = buttons["y"] + buttons["height"] - frame["y"] + MARGIN
    write("panel", lab.page.screenshot(clip={**frame, "height": height}))
    lab.page.get_by_role("tab", name="Dockerfile").click()


def take_margins(lab: Lab) -> None:
    for _ in range(3):
        lab.delete(3)
    lab.insert_below(2, "ENV APP=/app")
    lab.write(1, "COPY app /srv/app")
    above = f"stale: cell 2 above is stale: {EDITED}"
    expect_marks(lab, "built", f"stale: {EDITED}", above, NEW)
    lab.page.keyboard.press("Escape")
    boxes = [lab.cell(number).bounding_box() for number in (0, 3)]
    first, last = boxes
    assert first
    assert last
    height = last["y"] + last["height"] - first["y"] + MARGIN
    write("state", lab.page.screenshot(clip={**first, "height": height}))


def write(name: str, picture: bytes) -> None:
    path = PICTURE.with_name(f"{name}.png")
    path.write_bytes(smaller(picture))
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
