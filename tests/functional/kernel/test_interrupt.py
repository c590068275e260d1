from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from .client import Kernel, started
from .scripted import HANG_SECONDS

MODULE = "tests.functional.kernel.scripted"


@pytest.mark.parametrize("mode", ["signal", "message"])
def test_interrupt_answers_within_two_seconds(tmp_path: Path, mode: str) -> None:
    with started(MODULE, tmp_path, interrupt_mode=mode) as kernel:
        for attempt in range(3):
            request = kernel.send("RUN sleep", cell_id=f"a{attempt}")
            kernel.wait_for("display_data")
            start = time.monotonic()
            kernel.manager.interrupt_kernel()
            ran = kernel.collect(request)
            assert time.monotonic() - start < 2
            assert ran.reply["status"] == "error"
            assert ran.reply["ename"] == "BuildInterruptedError"
            assert ran.cards[-1]["status"] == "interrupted"
        assert kernel.run("RUN alive", cell_id="b").reply["status"] == "ok"


def thread_that_takes_sigint(pid: int) -> int:
    """A thread of the process that is not its main thread and does not block SIGINT."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        blocked = (thread / "status").read_text().partition("SigBlk:")[2].split()[0]
        if int(thread.name) != pid and not int(blocked, 16) & 1 << (signal.SIGINT - 1):
            return int(thread.name)
    raise AssertionError("all threads block SIGINT")


@pytest.mark.skipif(sys.platform != "linux", reason="signals to a thread of another process")
def test_interrupt_that_does_not_wake_the_main_thread_counts(kernel: Kernel) -> None:
    """As one that comes just before the main thread goes to sleep: another thread gets it."""
    pid = kernel.manager.provisioner.pid
    request = kernel.send("RUN sleep", cell_id="t")
    kernel.wait_for("display_data")
    assert ctypes.CDLL(None).tgkill(pid, thread_that_takes_sigint(pid), int(signal.SIGINT)) == 0
    assert kernel.collect(request, 5).reply["ename"] == "BuildInterruptedError"


def test_step_that_ignores_the_interrupt_is_answered_all_the_same(kernel: Kernel) -> None:
    request = kernel.send("RUN hang", cell_id="a")
    kernel.wait_for("display_data")
    start = time.monotonic()
    kernel.manager.interrupt_kernel()
    ran = kernel.collect(request)
    assert time.monotonic() - start < 2
    assert "still being ended" in ran.reply["evalue"]
    after = kernel.run("RUN alive", cell_id="b")
    assert after.reply["status"] == "ok"
    assert time.monotonic() - start > HANG_SECONDS - 1, "the next cell waited for the step"


def test_sigint_outside_a_cell_does_not_kill_the_kernel(kernel: Kernel) -> None:
    for _ in range(20):
        os.kill(kernel.manager.provisioner.pid, signal.SIGINT)
        kernel.client.kernel_info()
        time.sleep(0.01)
    assert kernel.run("RUN alive", cell_id="c").reply["status"] == "ok"
    assert kernel.manager.is_alive()


def test_sigint_storm_during_a_cell_gives_one_reply(kernel: Kernel) -> None:
    request = kernel.send("RUN sleep", cell_id="d")
    kernel.wait_for("display_data")
    for _ in range(50):
        os.kill(kernel.manager.provisioner.pid, signal.SIGINT)
    assert kernel.collect(request).reply["ename"] == "BuildInterruptedError"
    assert kernel.run("RUN alive", cell_id="e").reply["status"] == "ok"


def test_shutdown_during_a_cell_ends_the_process(tmp_path: Path) -> None:
    with started(MODULE, tmp_path) as kernel:
        kernel.send("RUN hang", cell_id="a")
        kernel.wait_for("display_data")
        start = time.monotonic()
        kernel.client.shutdown()
        while kernel.manager.is_alive() and time.monotonic() - start < 10:
            time.sleep(0.05)
        assert time.monotonic() - start < 5


def test_interrupt_ends_the_question_for_a_secret(kernel: Kernel) -> None:
    request = kernel.send("%secret token", cell_id="f")
    kernel.client.get_stdin_msg(timeout=10)
    kernel.manager.interrupt_kernel()
    assert kernel.collect(request).reply["ename"] == "BuildInterruptedError"
    assert kernel.run("RUN alive", cell_id="g").reply["status"] == "ok"


def test_kernel_ends_at_once_when_it_is_asked_to(tmp_path: Path) -> None:
    for _ in range(3):
        with started(MODULE, tmp_path) as kernel:
            kernel.run("RUN x", cell_id="a")
            start = time.monotonic()
        # jupyter_client sends SIGTERM after half of its five seconds
        assert time.monotonic() - start < 2
