"""However a guest or its supervisor ends, nothing of it lives on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from dockernb.engines.embedded.guest import groups_here
from tests.conftest import missing
from tests.functional.embedded.bench import Bench

#: Ignores all signals that can be ignored, and leaves a process behind in a session of its own.
STUBBORN = """
trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM
(trap '' HUP INT TERM; setsid sh -c 'trap "" TERM; while :; do sleep 1000; done' &) &
echo started
while :; do sleep 1000; done
"""


def processes_in(bench: Bench) -> list[int]:
    """The processes that have the mark of this bench in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"BENCH={bench.mark}\0".encode() in environment:
                found.append(int(folder.name))
    return found


def await_none(bench: Bench) -> None:
    """Waits until the kernel has done its part after a kill."""
    deadline = time.monotonic() + 10
    while processes_in(bench):
        assert time.monotonic() < deadline, "processes of the guest live on"
        os.sched_yield()


def test_cancel_ends_all_within_two_seconds(bench: Bench) -> None:
    process = bench.start(bench.command(STUBBORN))
    assert process.stdout.readline() == b"started\n"
    before = time.monotonic()
    os.write(process.stdin.fileno(), b"x")
    ended = bench.finish(process)[0]
    assert time.monotonic() - before < 2
    assert ended.result["cancelled"]
    assert ended.exit_code == 137
    assert processes_in(bench) == []


def test_closed_cancel_descriptor_ends_all(bench: Bench) -> None:
    process = bench.start(bench.command(STUBBORN))
    assert process.stdout.readline() == b"started\n"
    process.stdin.close()
    process.stdin = open(os.devnull)  # noqa: SIM115 (closed by finish)
    assert bench.finish(process)[0].result["cancelled"]


def test_cancelled_before_it_has_begun(bench: Bench) -> None:
    process = bench.start(*[bench.command("sleep 60")] * 5)
    process.stdin.close()
    process.stdin = open(os.devnull)  # noqa: SIM115 (closed by finish)
    ended = bench.finish(process)
    assert [one.result.get("cancelled") for one in ended] == [True] * 5, ended


def test_daemons_end_with_the_main_process(bench: Bench) -> None:
    ended = bench.run("setsid sh -c 'while :; do sleep 1000; done' > /dev/null 2>&1 & exit 3")
    assert ended.exit_code == 3
    assert processes_in(bench) == []


def test_killed_worker_takes_the_guest_with_it(bench: Bench) -> None:
    process = bench.start(bench.command(STUBBORN))
    assert process.stdout.readline() == b"started\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    await_none(bench)
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_killed_keeper_takes_the_guest_with_it(bench: Bench) -> None:
    process = bench.start(bench.command(STUBBORN))
    assert process.stdout.readline() == b"started\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    ended = bench.finish(process)[0]
    assert ended.result["kind"] == "InternalError"
    await_none(bench)


def test_guest_that_closes_its_output_runs_on(bench: Bench) -> None:
    assert bench.run("exec > /dev/null 2>&1 < /dev/null; exec 1>&- 2>&-; exit 5").exit_code == 5


def test_a_gigabyte_of_output(bench: Bench) -> None:
    process = bench.start(bench.command("dd if=/dev/zero bs=1000000 count=1000"))
    total = 0
    while part := process.stdout.read1(1 << 20):
        total += len(part)
    assert bench.finish(process)[0].exit_code == 0
    assert total == 1_000_000_000


def test_processes_that_fork_on_are_ended(user_bench: Bench) -> None:
    # A chain, not a tree: each process starts the next one and ends.
    chain = "f() { sleep 0.01; f & }; (f 2> /dev/null &); sleep 0.2; exit 6"
    ended = user_bench.run(chain, limits={"processes": 100})
    assert ended.exit_code == 6
    await_none(user_bench)


#: At most 511 processes, of which none ends by itself.
TREE = "f() { [ $1 -gt 0 ] || exec sleep 1000; f $(($1 - 1)) & f $(($1 - 1)) & wait; }; f 8"


def test_a_tree_of_processes_meets_its_limit_and_is_ended(bench: Bench) -> None:
    """Of root, too, where control groups can be made: setrlimit(2) does not limit it."""
    if not bench.is_user and "pids" not in groups_here():
        missing("embedded", "no control group can be made here")
    process = bench.start(bench.command(f"echo started; {TREE}", limits={"processes": 100}))
    refusal = process.stderr.readline()
    assert b"can't fork: Resource temporarily unavailable" in refusal
    assert len(processes_in(bench)) <= 110
    os.write(process.stdin.fileno(), b"x")
    assert bench.finish(process)[0].result["cancelled"]
    assert processes_in(bench) == []


def test_an_endless_fork_bomb_is_ended(user_bench: Bench) -> None:
    """Of an ordinary user, whom the kernel limits: of root nobody may try this."""
    bomb = (
        "[ $(ulimit -u) = 60 ] || exit 9; echo started; f() { while :; do f & done; }; f &"
        " exec sleep 1000"
    )
    process = user_bench.start(user_bench.command(bomb, limits={"processes": 60}))
    assert process.stdout.readline() == b"started\n"
    assert process.stderr.readline()  # one of them cannot fork any more
    process.stdin.close()
    process.stdin = open(os.devnull)  # noqa: SIM115 (closed by finish)
    assert user_bench.finish(process)[0].result["cancelled"]
    await_none(user_bench)
