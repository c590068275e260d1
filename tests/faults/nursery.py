"""Builds notebooks in child processes that can be killed at any moment.

    python -m tests.faults.nursery

It imports all that a build needs once and forks a child for each line that it reads, so that a
child costs some milliseconds. What a child does it says in lines of JSON on standard output; the
last line of each is `{"event": "ended", "status": ...}`, and comes from here.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import dockernb.engines.docker
import dockernb.engines.embedded.engine  # noqa: F401 - imported before the fork
from dockernb.build.events import (
    BuildEvent,
    OutputReceived,
    PhaseStarted,
    StepFinished,
    StepStarted,
)
from dockernb.build.result import StepResult
from dockernb.engines.base import Engine
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.oci.byte_stream import StreamReader
from dockernb.session import CellText, Session, SessionOptions


def say(**what: object) -> None:
    """One line, in one write: what was said before a kill is whole."""
    os.write(1, json.dumps(what).encode() + b"\n")


def build(order: Mapping[str, Any]) -> None:
    """Builds a notebook as a kernel does, from its start to its end."""
    os.environ.update(order["environment"])
    if order.get("clock"):
        set_clock(order["clock"])
    options = SessionOptions(
        context=Path(order["context"]),
        secrets={"word": b"not told"},
        prepare=True,
    )
    session = Session(options)
    engine = session.engine()
    say(event="opened", helper=helper_of(engine))
    session.remove_leftovers()
    say(event="swept")
    for _ in range(order.get("prunes", 0)):
        session.prune()
        engine.remove_caches()
    cells = [CellText(*cell) for cell in order["cells"]]
    for cell in cells:
        for result in session.run_cell(
            cell.source, cell_id=cell.id, order=cells, listener=tell, cancel=threading.Event()
        ):
            say(event="result", **said_of(result))
    if order["look"]:
        image_id = session.image_of().image_id
        say(event="tree", tree=tree_of(engine, image_id), image=image_id)
    session.close()
    say(event="closed")


def helper_of(engine: Engine) -> int | None:
    if not isinstance(engine, EmbeddedEngine):
        return None
    process = engine._helper._process
    assert process is not None
    return process.pid


def tell(event: BuildEvent) -> None:
    if isinstance(event, StepStarted):
        say(event="step", step=event.step)
    elif isinstance(event, PhaseStarted):
        say(event=event.phase)
    elif isinstance(event, OutputReceived):
        say(event="output")
    elif isinstance(event, StepFinished):
        say(event="finished", step=event.result.step, status=event.result.status)


def said_of(result: StepResult) -> dict[str, object]:
    """All of a result that is the same each time; `status` and `snapshot` beside it."""
    assert result.snapshot is not None
    return {
        "step": result.step,
        "status": result.status,
        "snapshot": result.snapshot.id,
        "age": time.time() - (result.built_at or 0),
        "same": {
            "diff": [entry.to_json() for entry in result.diff.entries],
            "log": result.log.text,
            "config": [[each.field, each.before, each.after] for each in result.config],
        },
    }


def tree_of(engine: Engine, image_id: str) -> dict[str, list[object]]:
    """Every path of an image with its type, mode, owner and content."""
    with engine.open_image(image_id) as files:
        stream = StreamReader(files.read("/"))
        with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as tar:  # type: ignore[call-overload]
            return dict(entries(tar))


def entries(tar: tarfile.TarFile) -> Iterator[tuple[str, list[object]]]:
    for member in tar:
        file = tar.extractfile(member) if member.isreg() else None
        content = hashlib.sha256(file.read()).hexdigest() if file else member.linkname
        kind = member.type.decode()
        yield member.name, [kind, member.mode, member.uid, member.gid, content]


def life_of_a_child(order: Mapping[str, Any]) -> NoReturn:
    code = 1
    try:
        say(event="born", pid=os.getpid())
        build(order)
        code = 0
    except BaseException as error:  # noqa: BLE001 - told to the test
        say(event="failed", error=f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def set_clock(seconds: float) -> None:
    """Sets this process's clock, as far as Python is asked for it."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 1e9)


def crowd(order: Mapping[str, Any]) -> None:
    """Many children at once, each of which writes what it says to a file of its own."""
    pids = []
    for number, each in enumerate(order["crowd"]):
        pid = os.fork()
        if pid == 0:
            file = os.open(f"{order['out']}/{number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(file, 1)
            life_of_a_child(each)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


def main() -> None:
    gc.freeze()
    say(event="ready")
    for line in sys.stdin:
        order = json.loads(line)
        if "crowd" in order:
            crowd(order)
            say(event="ended", status=0)
            continue
        pid = os.fork()
        if pid == 0:
            life_of_a_child(order)
        _, status = os.waitpid(pid, 0)
        say(event="ended", status=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
