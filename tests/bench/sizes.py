"""How large the measured things are: as the goals say, or tiny to see that all of it works."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "TINY", "Sizes"]


@dataclass(frozen=True)
class Sizes:
    """One set of sizes.

    Args:
        base: The image that most cells stand on.
        runs: Measured runs of what takes a fraction of a second.
        slow_runs: Of what takes seconds.
        typing: Seconds that a reader types at the very least.
        cached_cells: Cells of the notebook whose steps are all cached.
        base_files: Files in the base whose size is not to matter.
        context_files: Files in the build context; `file_bytes` each.
        entries: Files that the diff of the large card lists.
        output_bytes: What a talkative RUN writes.
        packages: Whether packages are installed from Debian's mirror.
        ways: Of the embedded engine to run commands.
        warm_up: Whether a first run of each thing does not count.
        new_kernels: Whether what is measured in a kernel that has done nothing gets one.
    """

    name: str
    base: str
    runs: int
    slow_runs: int
    typing: float
    cached_cells: int
    base_files: int
    context_files: int
    file_bytes: int
    entries: int
    output_bytes: int
    packages: bool
    ways: tuple[str, ...]
    warm_up: bool
    new_kernels: bool


FULL = Sizes(
    "full",
    base="debian:bookworm-slim",
    runs=15,
    slow_runs=3,
    typing=1.0,
    cached_cells=50,
    base_files=100_000,
    context_files=50_000,
    file_bytes=20_000,
    entries=20_000,
    output_bytes=1_000_000_000,
    packages=True,
    ways=("overlay", "no mounts"),
    warm_up=True,
    new_kernels=True,
)
TINY = Sizes(
    "tiny",
    base="busybox:latest",
    runs=1,
    slow_runs=1,
    typing=0.0,
    cached_cells=2,
    base_files=20,
    context_files=5,
    file_bytes=100,
    entries=300,
    output_bytes=100_000,
    packages=False,
    ways=("overlay",),
    warm_up=False,
    new_kernels=False,
)
