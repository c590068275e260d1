"""Caches of `RUN --mount=type=cache`, removed while they are used and while nobody does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dockernb.build.events import BuildEvent, OutputReceived
from dockernb.engines.base import RemovedCaches
from dockernb.errors import BuildInterruptedError, UnsupportedByEngineError
from tests.faults.notebooks import Notebooks
from tests.faults.places import CACHE, Place
from tests.functional.notebooks import Notebook

WITH_CACHE = f"RUN --mount=type=cache,id={CACHE},target=/cache "


def test_a_cache_that_no_command_uses_is_pruned_and_begins_anew(
    notebooks: Notebooks, tmp_path: Path
) -> None:
    notebook = notebooks.open(tmp_path)
    engine = notebook.session.engine()
    engine.remove_caches()  # what other tests left
    notebook.run("from", f"FROM {notebooks.place.base}")
    notebook.run("fill", f"{WITH_CACHE} dd if=/dev/zero of=/cache/zeros bs=1000 count=300")
    removed: list[RemovedCaches] = []
    notebook.cancel = threading.Event()

    def remove(event: BuildEvent) -> None:
        if isinstance(event, OutputReceived) and not removed:
            removed.append(engine.remove_caches())
            notebook.cancel.set()

    notebook.on_event = remove
    with pytest.raises(BuildInterruptedError):
        notebook.run("use", f"{WITH_CACHE} echo said; sleep 1000")
    assert removed == [RemovedCaches()]
    notebook.on_event, notebook.cancel = None, threading.Event()
    (result,) = notebook.run("use", f"{WITH_CACHE} ls /cache")
    assert result.log.text == "zeros\n"
    notebooks.close()
    told = pruned(notebooks.place.environment)
    assert len(told["caches"]) == 1
    assert 300_000 <= told["bytes"] < 10_000_000
    again = notebooks.open(tmp_path)
    again.run("from", f"FROM {notebooks.place.base}")
    (result,) = again.run("use", f"{WITH_CACHE} ls -a /cache | wc -l")
    assert result.log.text == "2\n"
    check_two_places(again, notebooks.place)
    assert notebooks.place.left_behind() == []


def check_two_places(notebook: Notebook, place: Place) -> None:
    """One cache twice, as with `docker build`; where its folder is moved, that is refused."""
    mounts = f"--mount=type=cache,id={CACHE},target=/a --mount=type=cache,id={CACHE},target=/b"
    source = f"RUN {mounts} echo told >/a/twice; cat /b/twice"
    if place.environment.get("DOCKERNB_RUNG") == "4":
        with pytest.raises(UnsupportedByEngineError, match="at two places"):
            notebook.run("twice", source)
        return
    (result,) = notebook.run("twice", source)
    assert result.log.text == "told\n"


def pruned(environment: dict[str, str]) -> dict[str, list[str] | int]:
    """What `dockernb prune` says on the engine of this place."""
    command = [sys.executable, "-m", "dockernb", "prune", "--json"]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    told: dict[str, list[str] | int] = json.loads(done.stdout)
    return told
