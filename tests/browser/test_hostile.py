"""What a container makes is shown as text: it runs nothing in the reader's browser."""

from __future__ import annotations

import html
import json
from pathlib import Path

import nbconvert
from playwright.sync_api import expect

from . import notebook
from .lab import Lab

FILE = "<img src=x onerror=alert(1)>"
LINE = "<script>window.hacked=1</script><svg onload=window.hacked=1><b>bold</b>"


def test_names_and_output_of_a_container_are_text(lab: Lab, folder: Path) -> None:
    cells = [
        "FROM busybox",
        f"RUN echo '{LINE}' >'/{FILE}'; printf '\\33[31mred\\33[0m %s {folder.name}\\n' '{LINE}'",
        f"LABEL html='{FILE}'",
        "%ls /",
        f"%cat '/{FILE}'",
        f"RUN echo '{LINE}' >&2; exit 7",
    ]
    path = notebook.write(folder / "hostile.ipynb", cells)
    asked: list[str] = []
    lab.page.on("request", lambda request: asked.append(request.url))
    lab.open(path)
    for number in range(6):
        lab.run(number)
    expect(lab.output(3).first).to_contain_text(FILE)
    expect(lab.output(4).first).to_contain_text(LINE)
    lab.screenshot("hostile-ls-cat", 3, 4)
    lab.page.locator(".dockernb-summary button").click()
    panel = lab.page.get_by_role("region", name="Dockerfile notebook")
    expect(panel).to_contain_text(FILE)
    lab.screenshot("hostile-panel")
    expect_harmless(lab)
    lab.page.locator(".dockernb-summary button").click()
    card = lab.card(1)
    card.open_tab("Files")
    expect(card.row(FILE)).to_be_visible()
    lab.screenshot("hostile-files", 1)
    log = card.open_tab("Log")
    expect(log).to_contain_text(f"red {LINE}")
    expect(log.locator(".dnb-fg-1")).to_have_text("red")
    lab.screenshot("hostile-log", 1)
    expect(lab.card(2).open_tab("Config")).to_contain_text(FILE)
    expect(lab.card(5).root).to_contain_text(LINE)
    lab.screenshot("hostile-failed", 2, 5)
    expect_harmless(lab)
    lab.save()
    check_saved_html(lab, path)
    assert [url for url in asked if not is_of(lab, url)] == []


def check_saved_html(lab: Lab, path: Path) -> None:
    """The same notebook without a kernel; and the html alone, in a page that cleans nothing."""
    lab.shut_down_kernel()
    lab.open(notebook.with_kernel(path, "missing"), kernel=False)
    lab.choose_no_kernel()
    expect(lab.output(1).first).to_contain_text("built")
    lab.screenshot("hostile-no-kernel")
    expect_harmless(lab)
    saved = json.loads(path.read_text("utf-8"))
    outputs = [output for cell in saved["cells"] for output in cell["outputs"]]
    pages = ["".join(output["data"]["text/html"]) for output in outputs if "data" in output]
    lab.page.set_content("".join(pages))
    expect(lab.page.locator("[aria-label*=' step ']")).to_have_count(4)
    expect_harmless(lab)
    converted, _ = nbconvert.HTMLExporter().from_filename(str(path))
    assert converted.count(html.escape(LINE)) >= 3
    assert LINE not in converted
    assert FILE not in converted


def is_of(lab: Lab, url: str) -> bool:
    """Whether JupyterLab itself asks for it: nothing of a container is, at no address."""
    ours = url.startswith((lab.server.url, "data:", "blob:", "about:"))
    return ours and not url.endswith("/x")


def expect_harmless(lab: Lab) -> None:
    """No element came out of the container's text, and no script ran."""
    assert lab.page.evaluate("window.hacked") is None
    expect(lab.page.locator("img[src=x]")).to_have_count(0)
    expect(lab.page.locator("svg[onload]")).to_have_count(0)
    expect(lab.page.locator("b", has_text="bold")).to_have_count(0)
