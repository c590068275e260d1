"""COPY of a large context in which nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .kernel import TimedKernel
from .machine import SMALL_BASE, Machine
from .measure import Figure, Goal, Sample, measured
from .reference import builders

__all__ = ["copy_unchanged", "make_context"]

_BUILDX = "buildx build"
_IN_A_FOLDER = 500
_FROM, _COPY = f"FROM {SMALL_BASE}", "COPY . /src/"


def copy_unchanged(machine: Machine) -> Iterator[Figure]:
    """In the kernel that has copied it before, and in a new one."""
    context = machine.folder(machine.docker_root / "tmp")
    (context / ".dockerignore").write_text("Dockerfile\n")
    make_context(context, machine.sizes.context_files, machine.sizes.file_bytes)
    home = machine.folder()
    kernel = machine.new_docker_kernel(home)
    _prepare(kernel, context)
    first = kernel.cell(_COPY)
    with builders(context) as (buildx, _):
        buildx.seconds([_FROM, _COPY])

        def again() -> Sample:
            _prepare(kernel, context)
            return kernel.cell(_COPY)

        ours, reference = machine.alternate(
            ("COPY cell", again),
            (_BUILDX, lambda: buildx.seconds([_FROM, _COPY])),
            runs=machine.sizes.slow_runs,
        )
    name = f"Docker: COPY of {machine.sizes.context_files:,} unchanged files"
    yield Figure(name, ours, (reference,), (Goal(0.5),))
    new = machine.new_docker_kernel(home)
    _prepare(new, context)
    restarted = measured("COPY cell", [new.cell(_COPY).value])
    yield Figure(f"{name}, in a new kernel", restarted, (reference,))
    building = measured("COPY cell", [first.value])
    yield Figure(f"Docker: COPY of {machine.sizes.context_files:,} new files", building)


def make_context(folder: Path, files: int, size: int) -> None:
    """`files` files of `size` bytes, each with bytes of its own."""
    filling = b"x" * size
    for number in range(files):
        below = folder / f"folder{number // _IN_A_FOLDER:03}"
        if number % _IN_A_FOLDER == 0:
            below.mkdir()
        (below / f"file{number:05}").write_bytes(b"%20d" % number + filling[20:])


def _prepare(kernel: TimedKernel, context: Path) -> None:
    kernel.cell(f"%reset\n%context {context}\n{_FROM}")
