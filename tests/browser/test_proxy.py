"""Ports of a running container behind a hub: a real jupyter-server-proxy below a base URL."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conformance.checks_of_launches import free_port

from . import chromium, notebook
from . import server as jupyter
from .lab import Lab

PAGE = "<h1>It works behind the proxy</h1>"


@pytest.mark.skipif(
    find_spec("jupyter_server_proxy") is None, reason="jupyter-server-proxy is not installed"
)
def test_a_port_is_a_link_through_the_servers_proxy(
    context: BrowserContext, docker_host: str, tmp_path: Path
) -> None:
    port = free_port()
    cells = [
        f"FROM busybox AS web\nRUN mkdir /www && echo '{PAGE}' > /www/index.html",
        "CMD httpd -f -h /www -p $PORT",
        f"%run -p {port}:{port} -e PORT={port}",
    ]
    with jupyter.running(tmp_path, docker_host, base_url="/user/reader/", proxy=True) as server:
        chromium.log_in(context, server)
        page = context.new_page()
        lab = Lab(page, server)
        lab.open(notebook.write(server.root / "proxy.ipynb", cells))
        lab.run_all()
        lab.card(2).expect_status("running")
        link = lab.card(2).root.get_by_role("link")
        expect(link).to_have_attribute("href", f"/user/reader/proxy/{port}/")
        with page.expect_popup() as opened:
            link.click()
        expect(opened.value.locator("h1")).to_have_text("It works behind the proxy")
        opened.value.close()
        page.close()
