"""The test's side of the nursery: one child at a time, followed event by event."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: Nothing that a child does takes longer, on whatever machine.
SECONDS = 120.0

Event = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """When to kill: some seconds after the event with this number."""

    event: int
    seconds: float
    victims: str = "kernel"


@dataclass
class Story:
    """What a child said, with the time of each event."""

    events: list[Event] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def of(self, name: str) -> list[Event]:
        return [event for event in self.events if event["event"] == name]

    def the(self, name: str) -> Event:
        (event,) = self.of(name)
        return event

    @property
    def last(self) -> str:
        """What it had begun when it ended, for example `step 3: run`."""
        names = [e["event"] for e in self.events if e["event"] != "ended"]
        steps = [e["step"] for e in self.events if e["event"] == "step"]
        return f"step {steps[-1]}: {names[-1]}" if steps else names[-1]


@dataclass
class Nursery:
    """See `tests.faults.nursery`."""

    process: subprocess.Popen[bytes]
    _read: bytearray = field(default_factory=bytearray)

    def build(
        self,
        cells: Sequence[tuple[str, str]],
        context: Path,
        environment: Mapping[str, str],
        *,
        moment: Moment | None = None,
        **more: object,
    ) -> Story:
        """Builds the cells in a child; kills it at the moment, if one is given.

        Args:
            more: See `order_of`.
        """
        return self._tell(order_of(cells, context, environment, **more), moment)

    def crowd(self, orders: Sequence[Mapping[str, object]], out: Path) -> list[Story]:
        """What many children do at once.

        Args:
            out: An empty folder.
        """
        self._tell({"crowd": list(orders), "out": str(out)}, None)
        texts = [(out / str(number)).read_text() for number in range(len(orders))]
        return [Story([json.loads(line) for line in text.splitlines()]) for text in texts]

    def _tell(self, order: Mapping[str, object], moment: Moment | None) -> Story:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        story = Story()
        deadline: float | None = None
        while not story.events or story.events[-1]["event"] != "ended":
            event = self._next(deadline)
            if event is None:
                assert moment is not None
                _kill(story, moment.victims)
                moment, deadline = None, None
                continue
            story.events.append(event)
            story.times.append(time.monotonic())
            if moment is not None and len(story.events) == moment.event + 1:
                deadline = time.monotonic() + moment.seconds
        return story

    def _next(self, deadline: float | None) -> Event | None:
        """The next event; None if the deadline comes first."""
        assert self.process.stdout is not None
        while b"\n" not in self._read:
            until = time.monotonic() + SECONDS if deadline is None else deadline
            ready, _, _ = select.select(
                [self.process.stdout], [], [], max(0, until - time.monotonic())
            )
            if not ready:
                assert deadline is not None, "a child hangs"
                return None
            self._read += os.read(self.process.stdout.fileno(), 1 << 16)
        line, _, rest = bytes(self._read).partition(b"\n")
        self._read[:] = rest
        event: Event = json.loads(line)
        return event


def order_of(
    cells: Sequence[tuple[str, str]],
    context: Path,
    environment: Mapping[str, str],
    **more: object,
) -> dict[str, object]:
    """What a child is to do.

    Args:
        more: `look`: tell all files of the last snapshot; `clock`: seconds by which its clock is
            wrong; `prunes`: so many times, remove what nobody needs before building.
    """
    known = {"context": str(context), "environment": dict(environment), "look": False}
    return {"cells": list(cells), **known, **more}


def _kill(story: Story, victims: str) -> None:
    pids = [story.the("born")["pid"]] if story.of("born") else []
    helper = story.of("opened")[0]["helper"] if story.of("opened") else None
    if helper is not None and victims == "kernel and helper":
        pids.append(helper)
    elif helper is not None and victims == "workers and kernel":
        pids = [*_children(helper), *pids]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextmanager
def nursery() -> Iterator[Nursery]:
    """A nursery, ended after the block."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
    )
    with process:
        try:
            made = Nursery(process)
            assert made._next(None) == {"event": "ready"}
            yield made
        finally:
            process.kill()
