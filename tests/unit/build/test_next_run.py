"""The engine hears of the next RUN once the reader pauses, and not before."""

from __future__ import annotations

import threading
import time
from typing import cast

import pytest

from dockernb.build import next_run as module
from dockernb.build.next_run import NextRun, next_run
from dockernb.build.state import BuildState, Stage
from dockernb.engines.base import ContainerSpec, Engine
from dockernb.oci.config import ImageConfig, RuntimeConfig

STAGE = Stage("", 0, "sha256:1", ImageConfig(runtime=RuntimeConfig(user="me", working_dir="/w")))
STATE = BuildState(stages=(STAGE,))


class ListeningEngine:
    def __init__(self) -> None:
        self.hints: list[tuple[str, ContainerSpec]] = []
        self.heard = threading.Event()

    def prepare(self, parent: str, spec: ContainerSpec) -> None:
        self.hints.append((parent, spec))
        self.heard.set()


def test_what_is_known_of_it() -> None:
    spec = next_run(STAGE)
    assert (spec.command, spec.user, spec.working_dir) == (("/bin/sh",), "me", "/w")
    other = STAGE.with_runtime(shell=("/bin/bash", "-c"), working_dir="")
    assert next_run(other).command == ("/bin/bash",)
    assert next_run(other).working_dir == "/"


def test_told_once_after_a_pause() -> None:
    engine = ListeningEngine()
    hint = NextRun(lambda: cast("Engine", engine))
    begin = time.monotonic()
    for _ in range(3):
        hint.after(STATE)
    assert engine.heard.wait(10)
    assert time.monotonic() - begin >= module._PAUSE_SECONDS
    assert [parent for parent, _ in engine.hints] == ["sha256:1"]


def test_not_told_when_a_cell_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    timers: list[threading.Timer] = []

    def start(timer: threading.Timer) -> None:
        timers.append(timer)

    monkeypatch.setattr(threading.Timer, "start", start)
    hint = NextRun(lambda: None)
    hint.after(BuildState())
    assert timers == [], "nothing can come before a FROM"
    hint.after(STATE)
    hint.cancel()
    assert timers[0].finished.is_set()


def test_no_engine() -> None:
    NextRun(lambda: None)._tell(STAGE)
