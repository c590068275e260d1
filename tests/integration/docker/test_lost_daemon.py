"""A daemon that is not there, goes away, or hangs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from dockernb.engines.docker import connect
from dockernb.errors import (
    BuildInterruptedError,
    EngineNotAvailableError,
)
from tests.conformance.bench import Bench, run, shell
from tests.integration.docker.proxy import CutProxy

pytestmark = pytest.mark.docker


def test_lost_daemon_in_the_middle_of_a_run(bench: Bench, docker_host: str, tmp_path: Path) -> None:
    """The connection is cut; afterwards the same engine object works again."""
    with CutProxy(docker_host, tmp_path) as proxy:
        engine = connect(proxy.address)
        with engine.create(bench.base.id, shell("echo up; sleep 600")) as container:
            with pytest.raises(EngineNotAvailableError, match=proxy.address) as caught:
                container.run(lambda _: proxy.cut(), threading.Event())
            assert "doctor" in caught.value.format_message()
            with pytest.raises(EngineNotAvailableError):
                engine.info()
            with pytest.raises(EngineNotAvailableError):
                engine.image(bench.base.id)
            proxy.mend()
        assert engine.info().name == "docker"
        with engine.create(bench.base.id, shell("echo again")) as container:
            assert run(container) == (0, "again\n")
        engine.close()


def test_a_hanging_daemon_does_not_hold_up_an_interrupt(
    bench: Bench, docker_host: str, tmp_path: Path
) -> None:
    with CutProxy(docker_host, tmp_path) as proxy:
        engine = connect(proxy.address)
        cancel = threading.Event()
        at = 0.0

        def on_output(_: bytes) -> None:
            nonlocal at
            proxy.hang()
            at = time.monotonic()
            cancel.set()

        with engine.create(bench.base.id, shell("echo up; sleep 600")) as container:
            with pytest.raises(BuildInterruptedError):
                container.run(on_output, cancel)
            assert time.monotonic() - at < 2
        proxy.mend()
        engine.close()


def test_no_daemon_says_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineNotAvailableError) as caught:
        connect()
    text = caught.value.format_message()
    assert f"{tmp_path}/none.sock (DOCKER_HOST): no such socket" in text
    with pytest.raises(EngineNotAvailableError, match="no Docker daemon"):
        connect("tcp://127.0.0.1:9")
