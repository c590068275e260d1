"""Running containers of a notebook, with a container that does as it is told."""

from __future__ import annotations

import queue
import threading
from typing import cast

import pytest

from dockernb.engines.base import Engine, Health, OnOutput, Port, StartSpec
from dockernb.errors import EngineError, RunError
from dockernb.use.run import Run, RunState
from dockernb.use.run_options import RunOptions
from dockernb.use.runs import Runs


class ToldContainer:
    id = "c" * 64
    ports = (Port(80, 8080),)
    notes = ()

    def __init__(self) -> None:
        self.script: queue.Queue[bytes | int | EngineError] = queue.Queue()
        self.asked: list[str] = []

    def follow(self, on_output: OnOutput) -> int:
        while True:
            item = self.script.get(timeout=10)
            if isinstance(item, int):
                return item
            if isinstance(item, EngineError):
                raise item
            on_output(item)

    def health(self) -> Health | None:
        return None

    def stop(self, timeout: float) -> None:
        self.asked.append("stop")

    def kill(self) -> None:
        self.asked.append("kill")
        self.script.put(137)

    def remove(self) -> None:
        self.asked.append("remove")
        self.script.put(137)


class ToldEngine:
    def __init__(self) -> None:
        self.containers: list[ToldContainer] = []

    def launch(self, image_id: str, spec: StartSpec) -> ToldContainer:
        self.containers.append(ToldContainer())
        return self.containers[-1]


@pytest.fixture
def engine() -> ToldEngine:
    return ToldEngine()


def launch(runs: Runs, engine: ToldEngine, name: str = "", default: str = "run") -> Run:
    run = runs.launch(cast("Engine", engine), "sha256:1", RunOptions(name=name), default)
    run.begin()
    return run


def test_a_name_is_free_again_when_its_container_has_ended(engine: ToldEngine) -> None:
    runs = Runs()
    names = [launch(runs, engine).facts.name for _ in range(3)]
    assert names == ["run", "run-2", "run-3"]
    first = launch(runs, engine, "web")
    with pytest.raises(RunError, match='"web" runs already'):
        launch(runs, engine, "web")
    engine.containers[3].script.put(0)
    assert first.wait(10)
    assert launch(runs, engine, "web") is runs.find("web")
    runs.close()
    assert runs.all() == []
    assert all("remove" in container.asked for container in engine.containers)


def test_which_one_is_meant_must_be_clear(engine: ToldEngine) -> None:
    runs = Runs()
    with pytest.raises(RunError, match="there is no container"):
        runs.find()
    one, other = launch(runs, engine), launch(runs, engine)
    assert runs.find() is other
    with pytest.raises(RunError, match="several containers run"):
        runs.find(running=True)
    engine.containers[1].script.put(0)
    assert other.wait(10)
    assert runs.find(running=True) is one
    runs.close()


def test_the_second_stop_kills(engine: ToldEngine) -> None:
    runs, states = Runs(), []
    run = runs.launch(cast("Engine", engine), "sha256:1", RunOptions(), "run")
    run.begin(states.append)
    run.stop()
    assert run.state.status == "stopping"
    run.stop()
    assert run.wait(10)
    assert engine.containers[0].asked[:2] == ["stop", "kill"]
    assert [state.status for state in states if isinstance(state, RunState)] == [
        "stopping", "exited",
    ]  # fmt: skip
    run.stop()
    assert engine.containers[0].asked.count("kill") == 1


def test_a_tail_begins_with_what_was_printed_before(engine: ToldEngine) -> None:
    run, heard = launch(Runs(), engine), threading.Event()
    script = engine.containers[0].script
    script.put(b"one\n")
    pieces = run.tail(threading.Event())
    while run.output().text != "one\n":
        heard.wait(0.01)
    assert next(pieces) == "one\n"
    script.put(b"two\n")
    assert next(pieces) == b"two\n"
    script.put(3)
    assert list(pieces) == []
    assert run.state.exit_code == 3


def test_a_container_that_is_lost_has_failed(engine: ToldEngine) -> None:
    run = launch(Runs(), engine)
    engine.containers[0].script.put(EngineError("the daemon is gone"))
    assert run.wait(10)
    assert run.state.status == "failed"
    assert str(run.state.error) == "the daemon is gone"


def test_a_failing_listener_stops_nothing(engine: ToldEngine) -> None:
    runs = Runs()
    run = runs.launch(cast("Engine", engine), "sha256:1", RunOptions(), "run")

    def fail(event: object) -> None:
        raise ZeroDivisionError

    run.begin(fail)
    engine.containers[0].script.put(b"text")
    engine.containers[0].script.put(0)
    assert run.wait(10)
    assert run.output().text == "text"
