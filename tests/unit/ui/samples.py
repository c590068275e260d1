"""Steps in every state, for tests and for the gallery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dockernb.build.events import (
    BuildEvent,
    OutputReceived,
    PhaseStarted,
    PullProgressed,
    StepFinished,
    StepStarted,
)
from dockernb.build.result import (
    CacheVerdict,
    ConfigChange,
    ContainerRecord,
    Snapshot,
    StepLog,
    StepResult,
)
from dockernb.engines.base import Progress
from dockernb.errors import BuildInterruptedError, InstructionFailedError, Where
from dockernb.oci.diff import DiffEntry, FilesystemDiff
from dockernb.ui.card_model import CardModel

PARENT = "sha256:22f5c1ec5f7f" + "0" * 52
SNAPSHOT = "sha256:1341b3384d60" + "1" * 52
CONTAINER = "7ab1e04c9d52" + "2" * 52
HOSTILE_NAMES = (
    "/srv/<img src=x onerror=alert(1)>",
    "/srv/two\nlines\x1b[31m",
    "/srv/gnp.\u202eexe",
    "/srv/caf\udce9.txt",
    "/srv/&amp;\"'`",
)
LOG = (
    "Get:1 http://mirror.example.org/debian bookworm InRelease [151 kB]\n"
    "\x1b[1;32mSetting up\x1b[0m redis-server (5:7.0.15) ...\n"
    "\x1b[33mwarning:\x1b[0m no systemd\n"
    "10%\r 50%\r100% done\n"
) + "".join(f"Unpacking library {n} ...\n" for n in range(208))


def redis_diff() -> FilesystemDiff:
    entries = [
        DiffEntry("/etc/redis", "A", "dir"),
        DiffEntry("/etc/redis/redis.conf", "A", "file", 107_512),
        DiffEntry("/etc/passwd", "M", "file", 1_104),
        DiffEntry("/usr/bin/redis-check-rdb", "A", "file", 2_986_104),
        DiffEntry("/usr/bin/redis-server", "A", "symlink", 15, "redis-check-rdb"),
        DiffEntry("/var/cache/apt/archives/partial", "D", "dir"),
    ]
    entries += [
        DiffEntry(f"/usr/lib/x86_64-linux-gnu/libred{n}.so.{n}", "A", "file", 231_000 + 997 * n)
        for n in range(130)
    ]
    entries += [DiffEntry(name, "A", "file", 7) for name in HOSTILE_NAMES]
    return FilesystemDiff(tuple(sorted(entries, key=lambda entry: entry.path)))


def big_diff(count: int = 20_000) -> FilesystemDiff:
    """As an installation of node modules: many small files in many folders."""
    entries = [
        DiffEntry(
            f"/usr/share/app/node_modules/pkg{n // 40:03}/lib/part{n % 40 // 8}/file{n:05}.js",
            "M" if n % 50 == 0 else "A",
            "file",
            100 + n,
        )
        for n in range(count)
    ]
    return FilesystemDiff(tuple(entries))


def built(diff: FilesystemDiff | None = None) -> StepResult:
    diff = redis_diff() if diff is None else diff
    return StepResult(
        instruction="RUN",
        source="RUN apt-get update && apt-get install -y --no-install-recommends redis-server",
        stage="0",
        step=2,
        status="built",
        cache=CacheVerdict("miss", "first time", ("first time",)),
        engine="docker",
        cell_id="c2",
        snapshot=Snapshot(SNAPSHOT, PARENT, 108_000_000, diff.bytes),
        container=ContainerRecord(CONTAINER, 0),
        diff=diff,
        seconds={"total": 4.1, "container": 0.1, "run": 3.8, "snapshot": 0.2},
        log=StepLog(LOG, 212, 0),
    )


def configured() -> StepResult:
    return StepResult(
        instruction="ENV",
        source="ENV REDIS_PORT=6379 PATH=/opt/redis/bin:$PATH",
        stage="0",
        step=3,
        status="built",
        cache=CacheVerdict("miss", "the cell above was rebuilt", ("ENV PATH changed",)),
        engine="docker",
        snapshot=Snapshot(SNAPSHOT, PARENT, 108_000_000),
        container=ContainerRecord(CONTAINER),
        config=(
            ConfigChange("Env.REDIS_PORT", None, "6379"),
            ConfigChange(
                "Env.PATH", "/usr/local/bin:/usr/bin:/bin", "/opt/redis/bin:/usr/bin:/bin"
            ),
            ConfigChange("Cmd", ["bash"], ["redis-server", "<b>--port</b>", "6379"]),
        ),
        seconds={"total": 0.048},
        facts=("Docker keeps Env as one list; the order of its items is unchanged.",),
    )


def cached() -> StepResult:
    return replace(
        built(),
        status="cached",
        container=None,
        cache=CacheVerdict("hit", "Same parent, same instruction."),
        seconds={"total": 0.006},
        original_seconds=4.1,
        built_at=1_795_400_000.0,
    )


def failed() -> StepResult:
    source = "RUN pip install -r /srv/app/requirements.txt"
    error = InstructionFailedError(
        "RUN ended with exit code 1",
        exit_code=1,
        where=Where(source, 1, label="cell [4]"),
        rule="A RUN must end with exit code 0; no snapshot was committed.",
        hint="Correct the name of the package in requirements.txt and run the cell again.",
        state="The notebook stays at snapshot 22f5c1ec5f7f (cell [3]).",
    )
    return StepResult(
        instruction="RUN",
        source=source,
        stage="0",
        step=4,
        status="failed",
        cache=CacheVerdict("miss", "first time"),
        engine="docker",
        container=ContainerRecord(CONTAINER, 1),
        seconds={"total": 1.9, "container": 0.1, "run": 1.7},
        log=StepLog(
            "\x1b[31mERROR: Could not find a version that satisfies the requirement flaskk\x1b[0m\n"
            "\x1b[31mERROR: No matching distribution found for flaskk\x1b[0m\n",
            2,
        ),
        error=error,
    )


def interrupted() -> StepResult:
    return replace(
        failed(),
        status="interrupted",
        container=ContainerRecord(CONTAINER, 137),
        error=BuildInterruptedError("the step was interrupted", state="No snapshot was committed."),
        log=StepLog("Collecting flask\n", 1),
    )


def pulled() -> StepResult:
    return StepResult(
        instruction="FROM",
        source="FROM debian:bookworm-slim",
        stage="base",
        step=1,
        status="built",
        cache=CacheVerdict("off", "The image was not on this engine."),
        engine="docker",
        snapshot=Snapshot(PARENT, None, 74_800_000),
        config=(ConfigChange("Cmd", None, ["bash"]),),
        seconds={"total": 6.2, "pull": 6.1},
        facts=("pulled 3 layers, 29.1 MB",),
        warnings=("The tag can move: pin it with @sha256:... to build the same image again.",),
    )


def started(result: StepResult) -> StepStarted:
    parent = result.snapshot.parent if result.snapshot else PARENT
    return StepStarted(
        result.instruction,
        result.source,
        result.stage,
        result.step,
        parent,
        result.engine,
        result.cell_id,
    )


def run_events(result: StepResult) -> list[BuildEvent]:
    """All events of a RUN, up to its end."""
    events: list[BuildEvent] = [started(result)]
    if result.container is not None:
        events += [PhaseStarted("image"), PhaseStarted("container", result.container.id)]
    if result.log.text:
        events += [PhaseStarted("run"), OutputReceived(result.log.text.encode())]
    if result.snapshot is not None:
        events.append(PhaseStarted("snapshot", result.snapshot.id))
    return [*events, PhaseStarted("removed"), StepFinished(result)]


def pull_events() -> list[BuildEvent]:
    """A pull of 14 layers in the middle."""
    layers = [
        PullProgressed(
            Progress(
                f"{n:x}a7c5e1f0b2d", "downloading" if n % 3 else "done", 800_000 * n, 14_000_000
            )
        )
        for n in range(14)
    ]
    return [started(pulled()), PhaseStarted("pull", "debian:bookworm-slim"), *layers]


def models() -> dict[str, CardModel]:
    """A model in every state, by name."""
    running = run_events(built())[:4]
    failing = run_events(failed())
    return {
        "pulling": _model(pull_events()),
        "pulled": _model([*pull_events()[:2], StepFinished(pulled())]),
        "running": _model([*running, OutputReceived(LOG[:330].encode())]),
        "built": _model(run_events(built())),
        "configured": _model(run_events(configured())),
        "cached": _model([started(cached()), StepFinished(cached())]),
        "failed": _model(failing),
        "interrupted": _model([*failing[:-1], StepFinished(interrupted())]),
        "big": _model(run_events(built(big_diff()))),
    }


def _model(events: Iterable[BuildEvent]) -> CardModel:
    model = CardModel(clock=lambda: 12.0)
    for event in events:
        model.apply(event)
    return model
