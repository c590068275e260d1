"""A container runs beside the notebook, and its card tells of it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Route, expect

from tests.conformance.checks_of_launches import answer_of, free_port

from . import notebook
from .lab import Lab

PAGE = "<h1>It works</h1>"
CMD = (
    "CMD trap 'echo stopping; exit 0' TERM; httpd -f -v -h /www -p $PORT & "
    "echo '<img src=x onerror=alert(1)> serves /www'; while :; do sleep 0.1; done"
)


def test_running_container_shows_log_health_and_ports_until_it_is_stopped(
    lab: Lab, folder: Path
) -> None:
    port = free_port()
    cells = [
        f"FROM busybox AS web\nRUN mkdir /www && echo '{PAGE}' > /www/index.html\nEXPOSE {port}",
        f"HEALTHCHECK --interval=200ms CMD wget -q -O /dev/null http://localhost:{port}/",
        CMD,
        f"%run -p {port}:{port} -e PORT={port}",
        f"%run --name other -e PORT={port + 1}",
    ]
    place = notebook.write(folder / "running.ipynb", cells)

    def proxy(route: Route) -> None:
        route.fulfill(json={"server_processes": []})

    lab.open(place)
    for number in range(4):
        lab.run(number)
    card = lab.card(3)
    card.expect_status("running")
    expect(card.root.locator(".dnb-health")).to_have_text("healthy")
    link = card.root.get_by_role("link")
    expect(link).to_have_attribute("href", f"http://localhost:{port}/")
    assert answer_of(port).endswith(f"{PAGE}\n".encode())
    expect(card.log_lines.filter(has_text="response:200")).not_to_have_count(0)
    expect(
        card.log_lines.filter(has_text="<img src=x onerror=alert(1)> serves /www")
    ).to_be_visible()
    lab.screenshot("running", 3)

    # Another one beside it, on a page whose server hands on ports.
    lab.page.route("**/server-proxy/servers-info", proxy)
    lab.run(4)
    lab.card(4).expect_status("running")
    lab.save()
    lab.open(place, kernel=False)
    expect(link).to_have_attribute("href", f"/proxy/{port}/")
    card.root.get_by_role("button", name="Stop the container web").click()
    card.expect_status("exited")
    expect(card.root).to_contain_text("exit code 0")
    expect(card.log_lines.last).to_have_text("stopping")
    expect(link).to_have_count(0)
    lab.screenshot("running-ended", 3)

    # The kernel goes, and the other container with it.
    lab.save()
    lab.restart_kernel()
    lab.card(4).expect_status("lost")
    card.expect_status("exited")
    lab.screenshot("running-lost", 4)
