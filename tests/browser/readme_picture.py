"""Makes docs/images/notebook.png again: `python -m tests.browser.readme_picture`.

It needs what the browser tests need (see tests/testbed) and Pillow, which makes the file small.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from playwright.sync_api import FloatRect, expect

from tests.testbed import browser

from . import chromium, notebook, server
from .lab import Lab

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "notebook.png"
CELLS = (
    "FROM debian:bookworm-slim",
    "RUN apt-get update && apt-get install -y --no-install-recommends redis-server",
    "COPY redis.conf /etc/redis/redis.conf",
    "ENV REDIS_PORT=6379",
)
SHOWN = (1, 2, 3)
WIDTH, COLOURS, MARGIN = 1490, 128, 2


def main() -> None:
    """Runs the cells in JupyterLab and writes the picture."""
    docker_host = os.environ["DOCKERNB_TEST_DOCKER_HOST"]
    executable = os.environ.get("DOCKERNB_TEST_CHROMIUM") or browser.find()
    assert executable, "Chromium is not installed: python -m tests.testbed up browser"
    with (
        tempfile.TemporaryDirectory() as folder,
        server.running(Path(folder), docker_host) as running,
        chromium.started(executable, running, width=WIDTH, height=1600) as context,
    ):
        lab = Lab(context.new_page(), running)
        path = notebook.course(running.root / "course")
        lab.open(notebook.write(path.with_name("redis.ipynb"), CELLS))
        lab.menu("View", "Appearance", "Show Left Sidebar")
        lab.run_all()
        prepare(lab)
        picture = lab.page.screenshot(clip=area(lab))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_bytes(smaller(picture))
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


def prepare(lab: Lab) -> None:
    """Opens what the picture shows, and takes the marks of the active cell out of it."""
    for number in SHOWN:
        lab.card(number).expect_status("built")
    card = lab.card(SHOWN[0])
    card.open_folder("usr", "bin")
    expect(card.row("redis-server")).to_be_visible()
    lab.cell(0).locator(".jp-InputPrompt").click()  # the active cell has a mark beside it
    lab.page.mouse.move(0, 0)


def area(lab: Lab) -> FloatRect:
    """The rectangle around the cells that are shown."""
    boxes = [lab.cell(number).bounding_box() for number in SHOWN]
    first, last = boxes[0], boxes[-1]
    assert first
    assert last
    return {
        "x": first["x"],
        "y": first["y"] - MARGIN,
        "width": first["width"],
        "height": last["y"] + last["height"] - first["y"] + 2 * MARGIN,
    }


def smaller(picture: bytes) -> bytes:
    """The same PNG with a palette."""
    from PIL import Image  # not needed by the tests

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    palette = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    palette.save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
