"""How long a kernel takes to be ready."""

from __future__ import annotations

from collections.abc import Iterator

from .kernel import start_seconds
from .machine import Machine
from .measure import Figure, Goal

__all__ = ["kernel_start"]

_PYTHON = "Python's own kernel"


def kernel_start(machine: Machine) -> Iterator[Figure]:
    """From the start of the process to the answer to the first question."""
    ours, reference = machine.alternate(
        ("dockernb kernel", lambda: start_seconds("dockernb")),
        (_PYTHON, lambda: start_seconds("python3")),
        runs=max(1, machine.sizes.runs // 2),
    )
    yield Figure("kernel: start to ready", ours, (reference,), (Goal(1.2, _PYTHON),))
