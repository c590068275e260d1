"""File > Save and Export Notebook As > Dockerfile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Download, Page

from . import notebook
from .lab import Lab
from .waiting import until


def test_exported_dockerfile_is_the_one_of_dockernb_export(lab: Lab, folder: Path) -> None:
    path = notebook.course(folder)
    lab.open(path)
    downloads: list[Download] = []

    def listen(page: Page) -> None:
        page.on("download", lambda download: downloads.append(download))  # noqa: PLW0108

    # JupyterLab adds the formats when the server has listed its exporters, which takes a new server
    # some seconds; a menu that is open by then stays without them.
    base = lab.page.url.partition("/lab")[0]
    assert lab.page.request.get(f"{base}/api/nbconvert").ok

    listen(lab.page)
    lab.page.context.on("page", listen)
    try:
        lab.menu("File", "Save and Export Notebook As", "Dockerfile")
        until(lab.page, lambda: downloads, "the Dockerfile is downloaded")
    finally:
        lab.page.context.remove_listener("page", listen)
    exported = subprocess.run(
        [sys.executable, "-m", "dockernb", "export", path, "-o", "-"],
        capture_output=True,
        check=True,
    )
    downloaded = Path(downloads[0].path()).read_bytes()
    assert downloaded == exported.stdout
    assert b"RUN apt-get update" in downloaded
    assert downloads[0].suggested_filename == "01-build-an-image.dockerfile"
