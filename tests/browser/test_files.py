"""A reader opens files from a card's tree."""

from __future__ import annotations

import base64
from pathlib import Path

from playwright.sync_api import expect

from . import notebook
from .lab import Lab

# Four by four pixels, orange.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP40CMCRwzEcQCYEhkBgGPViQAAAABJRU5ErkJggg=="
)
CELLS = (
    "FROM busybox:latest",
    "COPY app /srv/app",
    """RUN cd /srv/app && echo 'DEBUG = True  # <b>not bold</b>' >> main.py && rm notes.txt \
  && head -c 900000 /bin/busybox > part""",
    "RUN rm /srv/app/part",
    "%history",
    "%lint",
)
HISTORY, LINT = 4, 5
SOURCE = '''"""A small server."""

import http.server

PORT = 8000


def main() -> None:
    """Serves this folder."""
    http.server.test(port=PORT)
'''


def test_file_opens_from_the_card_with_its_changes_and_can_be_downloaded(
    lab: Lab, folder: Path
) -> None:
    app = folder / "app"
    app.mkdir(parents=True)
    (app / "main.py").write_text(SOURCE, "utf-8")
    (app / "notes.txt").write_text("to do\n", "utf-8")
    (app / "logo.png").write_bytes(PNG)
    lab.open(notebook.write(folder / "files.ipynb", CELLS))
    for number in range(HISTORY):
        lab.run(number).expect_status("built")
    for number in (HISTORY, LINT):
        lab.run(number)

    copied = lab.card(1)
    copied.open_tab("Files")
    copied.row("main.py").click()
    viewer = copied.root.locator(".dnb-viewer")
    expect(viewer).to_contain_text("import http.server")
    expect(viewer.locator(".dnb-t-k", has_text="import").first).to_be_visible()
    lab.screenshot("files-text", 1)
    copied.row("logo.png").click()
    image = viewer.locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") == 4

    changed = lab.card(2)
    changed.open_tab("Files")
    changed.row("main.py").click()
    viewer = changed.root.locator(".dnb-viewer")
    expect(viewer.locator(".dnb-A")).to_have_text("+DEBUG = True  # <b>not bold</b>")
    expect(viewer.locator("b")).to_have_count(0)
    lab.screenshot("files-changes", 2)
    changed.row("notes.txt").click()
    expect(viewer).to_contain_text("deleted: this is what was there before")
    expect(viewer).to_contain_text("to do")
    changed.row("part").click()
    expect(viewer).to_contain_text("|.ELF")
    lab.screenshot("files-bytes", 2)
    with lab.page.expect_download() as download:
        viewer.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "part"
    assert download.value.path().stat().st_size == 900_000
    lab.page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()

    report = lab.output(HISTORY)
    lost = report.locator(".dnb-box.dnb-lost", has_text="removed or replaced later")
    assert lost.last.evaluate("box => box.clientWidth") > 50, "what is lost is seen in the picture"
    lost.last.focus()
    lab.page.keyboard.press("ArrowUp")
    expect(report.locator("[role=status]")).to_contain_text("of it removed or replaced later")
    steps = report.locator("tbody tr")
    expect(steps.first).to_contain_text("FROM busybox")
    report.get_by_role("button", name="adds").click()
    report.get_by_role("button", name="adds").click()
    expect(report.locator("th[aria-sort=ascending]")).to_have_text("adds")
    expect(steps.last).to_contain_text("FROM busybox")
    expect(lab.output(LINT)).to_contain_text("900.0 kB in [3]")
    finding = lab.card(3).root.locator(".dnb-finding", has_text="dnb-late-cleanup")
    expect(finding).to_contain_text("costs 900.0 kB in [3] all the same")
    lab.screenshot("look", 3, HISTORY, LINT)

    lab.choose_theme("Dark")
    try:
        copied.row("main.py").click()
        expect(copied.root.locator(".dnb-viewer")).to_contain_text("import http.server")
        lab.screenshot("files-dark", 1, HISTORY, LINT)
    finally:
        lab.choose_theme("Light")
