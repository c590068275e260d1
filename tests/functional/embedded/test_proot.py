"""What only PRoot could spoil: its own traces, guests that outlive it, rights that modes deny."""

from __future__ import annotations

import glob
import os
import signal
import time
from pathlib import Path

import pytest

from tests.functional.embedded.bench import Bench, content
from tests.functional.embedded.conftest import Trees, need_proot, new_bench
from tests.functional.embedded.test_ending import STUBBORN, await_none


@pytest.fixture
def proot_bench(open_folder: Path, trees: Trees) -> Bench:
    need_proot(6)
    return new_bench(6, open_folder, trees)


def tracer_of(worker: int) -> int:
    """PRoot's process: the child of the keeper, which is the worker's."""
    pid = worker
    for _ in range(2):
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return pid


def await_no_file(pattern: str) -> None:
    """The keeper removes them after it has killed the guest."""
    deadline = time.monotonic() + 10
    while glob.glob(pattern):
        assert time.monotonic() < deadline, pattern
        os.sched_yield()


@pytest.mark.parametrize("how", ["cancel", "kill PRoot", "kill the worker"])
def test_however_it_ends_nothing_is_left(proot_bench: Bench, how: str) -> None:
    secret = {"kind": "secret", "target": "/s", "content": content("word")}
    process = proot_bench.start(proot_bench.command(STUBBORN, mounts=[secret]))
    assert process.stdout.readline() == b"started\n"
    tracer = tracer_of(process.pid)
    assert "proot" in Path(f"/proc/{tracer}/exe").readlink().name
    if how == "kill PRoot":
        os.kill(tracer, signal.SIGKILL)
    elif how == "kill the worker":
        process.send_signal(signal.SIGKILL)
    process.stdin.close()
    process.stdin = open(os.devnull)  # noqa: SIM115 (closed by finish)
    if how == "kill the worker":
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
    else:
        assert proot_bench.finish(process)[0].exit_code == 137
    await_none(proot_bench)
    await_no_file(f"/tmp/prooted-{tracer}-*")
    await_no_file("/dev/shm/dockernb-*/*")


@pytest.mark.parametrize(("number", "code"), [("KILL", 137), ("TERM", 143), ("SEGV", 139)])
def test_the_signal_that_ended_the_command_is_told(
    proot_bench: Bench, number: str, code: int
) -> None:
    if number != "KILL" and tuple(map(int, os.uname().release.split(".")[:2])) < (6, 15):
        code = 137  # older kernels forget it when PRoot has been told
    assert proot_bench.run(f"kill -{number} $$; sleep 9").exit_code == code


def test_root_may_do_what_modes_deny(proot_bench: Bench) -> None:
    """There is no user namespace that would give the right."""
    script = """
        cd /tmp; mkdir shut; echo 1 >shut/f; mkdir gone; echo 1 >gone/f
        chmod 0 shut/f; chmod 555 shut gone
        echo 2 >>shut/f; cat shut/f; mkdir shut/d; ln -s x shut/l; mv shut/l shut/m
        rm -r gone; chown 5:6 shut/f; stat -c '%a %u:%g %n' shut shut/f; ls shut
    """
    ended = proot_bench.run(script)
    assert ended.lines == ["1", "2", "555 0:0 shut", "0 5:6 shut/f", "d", "f", "m"], ended.err
