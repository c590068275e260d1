"""Terminals on cards and the failed state of a step, on both engines, as a page uses them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.docker.cleaning import Cleaner

from .client import SECONDS, Kernel, Ran, started

WIDGET = "application/vnd.jupyter.widget-view+json"
OPEN = {"do": "open", "rows": 30, "columns": 100}


@dataclass
class Page:
    """A page with a kernel: it hears what the widgets say, and speaks to them."""

    kernel: Kernel
    home: Path
    said: list[dict[str, Any]] = field(default_factory=list)

    def run(self, code: str, cell_id: str, status: str = "ok") -> Ran:
        ran = self.kernel.run(code, cell_id=cell_id)
        assert ran.reply["status"] == status, ran.reply
        # What other cells' terminals said meanwhile, too.
        self.said += self.kernel.comms
        self.kernel.comms.clear()
        return ran

    def is_comm(self, message: dict[str, Any]) -> bool:
        return str(message["header"]["msg_type"]).startswith("comm_")

    def send(self, model_id: str, **message: Any) -> None:
        data = {"method": "custom", "content": {"kind": "terminal", **message}}
        content = {"comm_id": model_id, "data": data}
        self.kernel.client.shell_channel.send(self.kernel.client.session.msg("comm_msg", content))

    def type(self, model_id: str, line: str) -> None:
        self.send(model_id, do="type", text=f"{line}\r")

    def until(self, look: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message of a widget for which `look` is true; it and those before are heard."""
        deadline = time.monotonic() + SECONDS
        while True:
            while self.said:
                message = self.said.pop(0)
                if look(message):
                    return message
            assert time.monotonic() < deadline
            message = self.kernel.client.get_iopub_msg(timeout=SECONDS)
            if self.is_comm(message):
                self.said.append(message)

    def prompt(self, model_id: str) -> dict[str, Any]:
        """Waits for an open terminal and its prompt: what comes before it, a shell may ignore."""
        state = self.state(model_id, "open")
        self.shown(model_id, "# ")
        return state

    def state(self, model_id: str, status: str) -> dict[str, Any]:
        """Waits for a status of a terminal."""

        def look(message: dict[str, Any]) -> bool:
            return state_of(message, model_id).get("status") == status

        return state_of(self.until(look), model_id)

    def shown(self, model_id: str, text: str) -> str:
        """Waits for what a terminal shows; gives what it has shown meanwhile."""
        heard = bytearray()

        def look(message: dict[str, Any]) -> bool:
            content = message["content"]
            if content.get("comm_id") == model_id and message["buffers"]:
                heard.extend(bytes(message["buffers"][0]))
            return text.encode() in heard

        self.until(look)
        return heard.decode("utf-8", "replace")


def state_of(message: dict[str, Any], model_id: str) -> dict[str, Any]:
    content = message["content"]
    if content.get("comm_id") != model_id:
        return {}
    found: dict[str, Any] = content.get("data", {}).get("state", {}).get("terminal", {})
    return found


def model_of(ran: Ran) -> str:
    outputs = ran.of("display_data")
    return str(outputs[-1]["data"][WIDGET]["model_id"])


@pytest.fixture(scope="module", params=["docker", "embedded"])
def page(
    request: pytest.FixtureRequest,
    docker_host: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Page]:
    home = tmp_path_factory.mktemp("home")
    environment = {
        "DOCKER_HOST": docker_host,
        "DOCKERNB_HOME": str(home),
        "DOCKERNB_ENGINE": request.param,
    }
    base = "busybox:latest" if request.param == "docker" else f"{registry}/busybox:latest"
    folder: Path = tmp_path_factory.mktemp("notebook")
    with started("dockernb.kernel", folder, **environment) as kernel:
        page = Page(kernel, home)
        page.run(f"FROM {base}\nENV GREETING=hello", "base")
        yield page


def test_a_terminal_on_a_card_is_used_while_cells_run_and_gives_a_run(page: Page) -> None:
    card = model_of(page.run("RUN echo one >/one", "one"))
    page.send(card, **OPEN)
    assert page.prompt(card)["title"].startswith("snapshot ")
    page.type(card, "cat /one; echo $GREETING; stty size; false")
    page.shown(card, "one\r\nhello\r\n30 100\r\n")
    long = page.kernel.send("RUN sleep 2; echo built >/built", cell_id="long")
    page.type(card, "echo while a cell ru''ns > /two")
    page.type(card, "cat /two")
    page.shown(card, "while a cell runs\r\n")
    page.send(card, do="size", rows=40, columns=120)
    ran = page.kernel.collect(long)
    assert ran.reply["status"] == "ok"
    page.said += [message for message in ran.messages if page.is_comm(message)]
    page.type(card, "stty size")
    shown = page.shown(card, "stty size\x07")  # told before the next prompt
    assert "\r\n40 120\r\n" in shown

    page.send(card, do="run")
    offered = page.until(lambda message: "run" in told(message).values())
    assert told(offered)["text"] == (
        "RUN echo while a cell ru''ns > /two && \\\n    cat /two && \\\n    stty size"
    )
    assert "Copy" in told(offered)["note"]  # no lab extension is here to insert it
    page.type(card, "exit 4")
    ended = page.state(card, "ended")
    assert ended["outcome"] == "exit code 4"
    assert ended["left"].startswith("thrown away: 1 added, 0 modified, 0 deleted, ")
    assert page.run("%%shell\nls /two 2>&1", "look").text.startswith("ls: /two: No such file")


def told(message: dict[str, Any]) -> dict[str, Any]:
    found = message["content"].get("data", {}).get("content", {})
    return found if isinstance(found, dict) else {}


def test_the_failed_state_is_there_until_its_cell_runs_again(page: Page) -> None:
    failed = page.run("RUN echo half >/half; exit 3", "fails", "error")
    assert "%terminal --failed" in failed.traceback
    (card,) = failed.cards
    assert card["snapshot"] is None
    assert card["container"]["removed"] is False
    ran = page.run("%%shell --failed\ncat /half; echo 1 >/more", "look")
    assert ran.text.startswith("half\n[exit code 0] thrown away: 1 added")
    assert "/half" not in ran.text.splitlines()[-1]

    model = model_of(failed)
    page.send(model, **OPEN)
    opened = page.prompt(model)
    assert opened["failed"]
    assert opened["title"] == "the failed state of RUN echo half >/half; exit 3"
    page.type(model, "cat /half /more")
    page.shown(model, "half\r\ncat: can't open '/more'")
    other = model_of(page.run("%terminal --failed", "other"))
    page.state(other, "open")

    # Again: it is built anew, never taken from what failed, and both terminals end.
    again = page.run("RUN echo half >/half; exit 3", "fails", "error")
    assert page.state(other, "ended")["outcome"] == "exit code 137"
    assert again.cards[0]["cache"]["status"] == "miss"
    page.run("RUN ls /half 2>/dev/null || echo whole >/whole", "fails")
    refused = page.run("%%shell --failed\ntrue", "look", "error")
    assert refused.reply["evalue"] == "there is no failed state"
    assert "whole" in page.run("%%shell\ncat /whole", "look").text


def test_a_terminal_ends_when_its_cell_runs_again_and_floods_nobody(page: Page) -> None:
    first = model_of(page.run("%terminal", "try"))
    page.prompt(first)
    page.type(first, "yes")
    page.shown(first, "y\r\ny\r\n")
    second = model_of(page.run("%terminal", "try"))
    assert second != first
    page.prompt(second)
    page.type(second, "echo sec''ond")
    page.shown(second, "second\r\n")
    refused = page.run("%terminal 77", "wrong", "error")
    assert refused.reply["evalue"] == 'there is no cell "77"'
    plain = page.kernel.run("%terminal", cell_id=None)
    assert "needs a page" in plain.reply["evalue"]
    page.run("# nothing", "try")


def test_nothing_is_left_when_the_kernel_ends(page: Page, docker_host: str) -> None:
    """The last test of a kernel: it is shut down."""
    page.run("RUN exit 9", "fails", "error")
    model = model_of(page.run("%terminal --failed", "last"))
    page.state(model, "open")
    pid = page.kernel.manager.provisioner.pid
    page.kernel.client.shutdown()
    deadline = time.monotonic() + SECONDS
    while page.kernel.manager.is_alive():
        assert time.monotonic() < deadline
    with Cleaner(docker_host) as cleaner:
        assert [name for name in cleaner.names() if f"-{pid}-" in name] == []
        kept = cleaner.client.images(filters={"label": "dockernb.temporary-image"})
        assert [
            image for image in kept if f"-{pid}-" in image["Labels"]["dockernb.temporary-image"]
        ] == []
    for name in ("kept", "running"):
        assert list((page.home / "store").glob(f"{name}/*")) == []
