"""What reaches a running kernel from a page or a stranger's notebook, and what it lets out."""

from __future__ import annotations

import http.server
import json
import os
import secrets
import signal
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conformance.busybox import busybox_base
from tests.functional.kernel.client import CARD, Kernel, started, write_notebook
from tests.functional.kernel.test_widgets import open_control
from tests.functional.kernel.test_widgets import states as widget_states
from tests.functional.test_secrets_stay_secret import below, found

HUGE = "x" * 300_000
DEEP: Any = "x"
for _ in range(200):
    DEEP = [DEEP]
CELLS = [{"id": "a", "source": "ENV a=1"}]
WORDS = [
    None, 7, "x", [], {}, DEEP, {"version": 2}, {"version": 1}, {"version": 1, "cells": {}},
    {"version": 1, "cells": CELLS * 10_001},
    {"version": 1, "cells": [{"id": "a", "source": HUGE}] * 10},
    {"version": 1, "cells": [{"id": "", "source": "x"}]},
    {"version": 1, "cells": [{"id": ["a"], "source": 5}]},
    {"version": 1, "changed": CELLS, "order": ["nobody"]},
    {"version": 1, "order": [["a"]]},
    {"do": "rm -rf /"}, {"do": ["export"]}, {"do": {"a": 1}}, {"do": None}, {"do": HUGE},
    {"do": "panel", "on": "yes"}, {"do": "look", "path": "/etc/shadow"},
]  # fmt: skip
TO_A_CARD = [
    None, "x", [], DEEP, {"method": "nothing"}, {"method": ["update"]}, {"method": "custom"},
    {"method": "custom", "content": [1]}, {"method": "custom", "content": {"kind": "nothing"}},
    {"method": "custom", "content": {"kind": "open", "path": "/../../etc/passwd"}},
    {"method": "custom", "content": {"kind": "open", "path": ["/etc"]}},
    {"method": "custom", "content": {"kind": "open", "path": HUGE}},
    {"method": "custom", "content": {"kind": "download", "path": "/etc/passwd", "offset": -1}},
    {"method": "custom", "content": {"kind": "folder", "path": "/..", "start": "x"}},
    {"method": "custom", "content": {"kind": "folder", "path": 5, "start": 10**30}},
    {"method": "custom", "content": {"kind": "action", "action": {"a": 1}}},
    {"method": "update", "state": {"nobody": 1}}, {"method": "update", "state": "x"},
]  # fmt: skip


def send(kernel: Kernel, kind: str, comm_id: Any, data: Any, **content: Any) -> None:
    message = kernel.client.session.msg(kind, {"comm_id": comm_id, "data": data, **content})
    kernel.client.shell_channel.send(message)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "notebook"
    made.mkdir()
    return made


def test_comms_refuse_what_is_not_theirs(folder: Path) -> None:
    """The kernel goes on, has run nothing, written nothing, and sent no file."""
    with started("tests.functional.kernel.scripted", folder) as kernel:
        ran = kernel.run("RUN hello", cell_id="mine")
        model_id = ran.cards[0]["model_id"]
        for word in WORDS:
            page = uuid.uuid4().hex
            send(kernel, "comm_open", page, word, target_name="dockernb.page")
            send(kernel, "comm_msg", page, word)
        for word in TO_A_CARD:
            send(kernel, "comm_msg", model_id, word)
        for target in ("jupyter.widget", "nobody", "", "../x"):
            send(kernel, "comm_open", uuid.uuid4().hex, {"state": DEEP}, target_name=target)
        for comm_id in ("nobody", 5, None, model_id * 1000):
            send(kernel, "comm_msg", comm_id, {"method": "update", "state": {}})
            send(kernel, "comm_close", comm_id, {})
        request = kernel.send("RUN hello", cell_id="mine")
        answers = collect_all(kernel, request)
    kinds = {message["header"]["msg_type"] for message in answers}
    assert "error" not in kinds
    said = json.dumps([m["content"] for m in answers if m["header"]["msg_type"] == "comm_msg"])
    assert "root:x:0" not in said
    assert "/etc/shadow" not in said
    assert sorted(path.name for path in folder.iterdir()) == []


def collect_all(kernel: Kernel, request: str) -> list[dict[str, Any]]:
    """All that was published until the request was answered."""
    messages = []
    while True:
        message = kernel.client.get_iopub_msg(timeout=60)
        messages.append(message)
        ours = message["parent_header"].get("msg_id") == request
        if ours and message["content"].get("execution_state") == "idle":
            return messages


class Listener(http.server.BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's word
        return


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """An address that nobody should ask, and what was asked."""
    asked: list[str] = []
    handler = type("Handler", (Listener,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


def hostile_card(number: int) -> dict[str, Any]:
    card = {
        "version": 1, "model_id": f"m{number}", "cell_id": "run", "status": "built", "step": 1,
        "instruction": "RUN", "source": "<img src=x onerror=alert(1)>" * 99, "engine": HUGE[:9999],
        "snapshot": {"id": "../../etc/passwd", "parent": "debian:latest"},
        "parent_id": "/containers/prune",
        "diff": {"added": 1, "entries": [{"path": "/../../etc/passwd", "change": "A"}] * 9},
        "log": {"tail": "\x1b]0;title\x07" * 999}, "config": DEEP, "seconds": DEEP,
    }  # fmt: skip
    return {"output_type": "display_data", "metadata": {}, "data": {CARD: card}}


def test_opening_the_notebook_of_a_stranger_runs_and_fetches_nothing(
    folder: Path, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    """A page opens it, shows its cards, and asks for the states of its cells."""
    address, asked = listener
    (tmp_path / "key").write_text("secret")
    cells = {
        "magic": f"%secret id=k,src={tmp_path}/key\n%export {folder}/pwned\n%context /",
        "from": f"FROM {address}/evil:1",
        "run": f"RUN touch {folder}/pwned",
        "add": f"ADD http://{address}/file /",
        "copy": f"COPY --from={address}/evil:2 / /",
    }
    path = folder / "stranger.ipynb"
    write_notebook(path, cells, {"run": [hostile_card(number) for number in range(20)]})
    before = path.read_bytes()
    environment = {
        "JPY_SESSION_NAME": str(path),
        "DOCKERNB_HOME": str(tmp_path / "home"),
        "DOCKERNB_ENGINE": "embedded",
        "DOCKERNB_RUNG": "7",
    }
    with started("dockernb.kernel", folder, **environment) as kernel:
        told = [{"id": each, "source": text} for each, text in cells.items()]
        word = {"version": 1, "cells": told}
        send(kernel, "comm_open", "p" * 32, word, target_name="dockernb.page")
        states = data_with(kernel, "states")["states"]
        send(kernel, "comm_msg", "p" * 32, {"do": "panel", "on": True})
        panel = data_with(kernel, "panel")["panel"]
        open_control(kernel)
        widgets = widget_states(kernel)
        assert "magic" not in kernel.run("%context", cell_id="none").text
    assert {state["state"] for state in states} == {"not run"}
    assert panel["engine"]["name"] == "embedded"
    assert not [cell for cell in panel["cells"] if cell["snapshot"]]
    headers = [each["state"]["header"] for each in widgets.values() if "header" in each["state"]]
    assert len(headers) == 20
    assert {header["id"] for header in headers} == {None}
    assert len(json.dumps(headers[0])) < 10_000
    assert asked == []
    assert path.read_bytes() == before
    assert sorted(each.name for each in folder.iterdir()) == ["stranger.ipynb"]


def data_with(kernel: Kernel, key: str) -> dict[str, Any]:
    """The next message of a comm that holds `key`."""
    while key not in (data := dict(kernel.wait_for("comm_msg")["data"])):
        pass
    return data


@pytest.mark.embedded
def test_a_killed_kernel_and_its_helpers_leave_no_secret(folder: Path, tmp_path: Path) -> None:
    """While a step has it, no process of ours shows it; killed in the middle, nothing keeps it."""
    secret = secrets.token_hex(20).encode()
    (tmp_path / "key").write_bytes(secret)
    home, scratch = tmp_path / "searched/home", tmp_path / "searched/tmp"
    scratch.mkdir(parents=True)
    engine = EmbeddedEngine(home / "store")
    engine.tag(busybox_base(engine).id, "busybox:noconfig")
    engine.close()
    log = tmp_path / "searched/log"
    environment = {
        "DOCKERNB_HOME": str(home),
        "DOCKERNB_ENGINE": "embedded",
        "TMPDIR": str(scratch),
        "JPY_SESSION_NAME": str(folder / "nb.ipynb"),
    }
    mount = "RUN --mount=type=secret,id=key "
    with started("dockernb.kernel", folder, **environment) as kernel:
        pid = kernel.manager.provisioner.process.pid  # type: ignore[union-attr]
        assert kernel.run(f"%secret key src={tmp_path}/key", cell_id="s").reply["status"] == "ok"
        kernel.run("FROM busybox:noconfig", cell_id="from")
        shown = [kernel.run(mount + "cat /run/secrets/key; exit 3", cell_id="step")]
        shown += [kernel.run(mount + "cat /run/secrets/key /nothing", cell_id="step")]
        shown += [kernel.run(text, cell_id="asks") for text in ("%history", "%secret", "%help")]
        request = kernel.send(mount + "cat /run/secrets/key; echo up; sleep 60", cell_id="step")
        wait_for_text(kernel, "up")
        processes = list(of_processes(pid))
        kernel.manager.interrupt_kernel()
        shown += [kernel.collect(request)]
        kernel.send(mount + "cat /run/secrets/key; echo up; sleep 60", cell_id="step")
        wait_for_text(kernel, "up")
        os.kill(pid, signal.SIGKILL)
    log.write_text(json.dumps([[ran.reply, ran.messages] for ran in shown], default=str))
    assert len(processes) > 2
    assert found(secret, iter(processes)) == []
    assert shown[0].reply["status"] == shown[-1].reply["status"] == "error"
    assert "***" in log.read_text()
    assert found(secret, below(tmp_path / "searched")) == []
    assert found(secret, below(folder)) == []


def wait_for_text(kernel: Kernel, text: str) -> None:
    """Until a card shows the text of a running command."""
    while text not in json.dumps(kernel.wait_for("comm_msg")["data"]):
        pass


def of_processes(top: int) -> Iterator[tuple[str, bytes]]:
    """Command lines and environments of a process and all below it."""
    left = [top]
    while left:
        pid = left.pop()
        left += [int(each) for each in children(pid)]
        for name in ("cmdline", "environ"):
            try:
                yield f"{pid} {name}", Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:
                continue  # it ended


def children(pid: int) -> list[str]:
    found: list[str] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        found += file.read_text().split()
    return found
