"""A RUN that writes far more than anybody reads."""

from __future__ import annotations

from collections.abc import Iterator

from .kernel import TimedKernel
from .machine import SMALL_BASE, Machine
from .measure import Figure, Goal, measured

__all__ = ["much_output"]

_LINE = "0123456789" * 9 + "01234567"
_GOAL_BYTES = 200_000_000


def much_output(machine: Machine) -> Iterator[Figure]:
    """What the kernel keeps in memory meanwhile."""
    size = machine.sizes.output_bytes
    script = f"echo begin; yes {_LINE} | head -c {size}; echo; echo end"
    for name in ("Docker", "embedded, overlay"):
        kernel = _kernel(name, machine)
        kernel.cell(f"%reset\nFROM {SMALL_BASE}")
        seconds = kernel.cell(f"RUN {script}")
        log = kernel.card()["log"]
        assert log["head"].startswith("begin"), log["head"][:80]
        assert log["tail"].rstrip().endswith("end"), log["tail"][-80:]
        memory = measured("kernel, at its largest", [kernel.peak_memory()], "B")
        yield Figure(f"{name}: RUN with {size:,} bytes of output", memory, (), (Goal(_GOAL_BYTES),))
        time = measured("RUN cell", [seconds.value])
        yield Figure(f"{name}: RUN with {size:,} bytes of output, time", time)


def _kernel(name: str, machine: Machine) -> TimedKernel:
    """One that has done nothing large before."""
    if name == "Docker":
        return machine.new_docker_kernel(machine.folder())
    return machine.new_embedded_kernel("overlay")
