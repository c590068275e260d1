from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")

from playwright.sync_api import BrowserContext, Dialog

from . import chromium as browser
from . import server as jupyter
from .lab import SCREENSHOTS, Lab
from .margin import open_chain


@pytest.fixture(scope="session")
def server(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[jupyter.Server]:
    """JupyterLab with an empty cache of dockernb; one for all tests."""
    folder = tmp_path_factory.mktemp("jupyter")
    with jupyter.running(folder, docker_host) as running:
        yield running
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "server.log", SCREENSHOTS)


@pytest.fixture(scope="session")
def context(chromium: str, server: jupyter.Server) -> Iterator[BrowserContext]:
    with browser.started(chromium, server) as started:
        yield started


@pytest.fixture
def lab(
    context: BrowserContext, server: jupyter.Server, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """JupyterLab in a new tab. No page may ever open a dialog of the browser."""
    page = context.new_page()
    dialogs: list[str] = []

    def answer(dialog: Dialog) -> None:
        if dialog.type != "beforeunload":  # JupyterLab's own question about unsaved changes
            dialogs.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    lab = Lab(page, server)
    failures = request.session.testsfailed
    yield lab
    if request.session.testsfailed > failures:
        lab.screenshot(f"failed-{request.node.name.removeprefix('test_')}")
    page.close()
    assert dialogs == []


@pytest.fixture
def chain(lab: Lab, folder: Path) -> Lab:
    """FROM, a COPY and a RUN; nothing has run."""
    return open_chain(lab, folder)


@pytest.fixture
def folder(server: jupyter.Server, request: pytest.FixtureRequest) -> Path:
    """A new folder below the server's root, for the test's notebook and its context."""
    return server.root / request.node.name.removeprefix("test_")[:60]
