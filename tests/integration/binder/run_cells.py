"""Runs cells through the Jupyter server of this machine, as JupyterLab does. Not a test module.

Given to the Python of a container on its standard input: it needs nothing but what a Jupyter server
brings. Its arguments: the notebook, as the server names it, then cells to run after the notebook's
own ones. It runs them all, whatever fails, and prints JSON: for each cell what it was, the reply's
status, all text that came back, and the seconds until then since the kernel was asked for.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import list_running_servers
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

SERVER_SECONDS = 60
#: apt-get tries again, with pauses and without a word, when a mirror refuses: longer than that.
CELL_SECONDS = 300
COLOR = re.compile(r"\x1b\[[0-9;]*m")

Message = dict[str, Any]


class Server:
    """The server's REST API."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.headers = {"Authorization": f"token {token}"}

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers; a status that is no success is raised."""
        data = None if body is None else json.dumps(body)
        request = HTTPRequest(
            self.url + path, method, self.headers, data, request_timeout=CELL_SECONDS
        )
        reply = await AsyncHTTPClient().fetch(request)
        return json.loads(reply.body) if reply.body else None

    async def channels(self, kernel: str) -> WebSocketClientConnection:
        """All channels of a kernel, on one connection."""
        address = f"ws{self.url.removeprefix('http')}/api/kernels/{kernel}/channels"
        return await websocket_connect(HTTPRequest(address, headers=self.headers))


async def the_server() -> Server:
    """The server of this machine, once it listens: it writes its address into a file then."""
    async with asyncio.timeout(SERVER_SECONDS):
        while True:
            for found in list_running_servers():
                return Server(found["url"], found["token"])
            await asyncio.sleep(0.1)


async def run_cell(channels: WebSocketClientConnection, code: str) -> Message:
    """Runs one cell to its end: the reply has come, and the kernel is idle again."""
    wanted = uuid.uuid4().hex
    header = {"msg_id": wanted, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": "proof", "date": "2026-01-01T00:00:00Z"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    request = {"header": header, "channel": "shell", "content": content}
    await channels.write_message(json.dumps(request | {"parent_header": {}, "metadata": {}}))
    status, text, idle = "", "", False
    try:
        async with asyncio.timeout(CELL_SECONDS):
            while not (status and idle):
                message = await next_message(channels, code)
                if message["parent_header"].get("msg_id") != wanted:
                    continue
                told = message["content"]
                status = told["status"] if message["msg_type"] == "execute_reply" else status
                idle = idle or told.get("execution_state") == "idle"
                text += "" if message["msg_type"] == "execute_reply" else text_of(told)
    except TimeoutError as late:
        state = f"{status or 'no reply'}, idle: {idle}"
        printed = "\n".join(line for line in text.splitlines() if line.strip())
        raise RuntimeError(f"{code}: {state}\n{printed}\n{processes()}") from late
    return {"code": code, "status": status, "text": COLOR.sub("", text).strip()}


async def next_message(channels: WebSocketClientConnection, code: str) -> Message:
    """The next one of any channel; a kernel that died will never answer, and that is raised."""
    text = await channels.read_message()
    if text is None:
        raise RuntimeError(f"{code}: the server closed the connection\n{processes()}")
    message: Message = json.loads(text)
    if message["content"].get("execution_state") in {"restarting", "dead"}:
        raise RuntimeError(f"{code}: the kernel died\n{processes()}")
    return message


def processes() -> str:
    """A line for each process of this machine: ID, state, what it waits for, command.

    Then its connections as the kernel lists them (proc(5)): addresses, state, bytes that wait to
    be sent and read, timer. They tell a server that does not answer from a process that hangs.
    """
    lines = []
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            waits = (folder / "wchan").read_text()
            words = command.replace("\0", " ")
            lines.append(f"{folder.name} {state} {waits} {words[:200]}")
    for kind in ("tcp", "udp"):
        with suppress(OSError):
            found = Path("/proc/net", kind).read_text().splitlines()
            lines += [line[:110] for line in found if " 0A 00000000:" not in line]  # listening
    return "\n".join(lines)


def text_of(content: Message) -> str:
    """What a reader would see of a message in a plain front end."""
    shown = content.get("data", {}).get("text/plain", "")
    return "\n".join([content.get("text", ""), *content.get("traceback", ()), shown, ""])


async def main(notebook: str, more: list[str]) -> None:
    server = await the_server()
    cells = (await server.ask("GET", f"/api/contents/{notebook}"))["content"]["cells"]
    codes = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    wanted = {"path": notebook, "name": notebook, "type": "notebook"}
    wanted |= {"kernel": {"name": "dockernb"}}
    start = time.monotonic()
    session = await server.ask("POST", "/api/sessions", wanted)
    channels = await server.channels(session["kernel"]["id"])
    done = [
        await run_cell(channels, code) | {"after": time.monotonic() - start}
        for code in [*codes, *more]
    ]
    channels.close()
    await server.ask("DELETE", f"/api/sessions/{session['id']}")
    print(json.dumps(done))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
