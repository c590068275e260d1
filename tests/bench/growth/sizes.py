"""How far each thing grows."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "TINY", "Growth"]


@dataclass(frozen=True)
class Growth:
    """Sizes at which something is measured, smallest first, and runs at each."""

    snapshots: tuple[int, ...]
    base_files: tuple[int, ...]
    images: tuple[int, ...]
    cells: tuple[int, ...]
    kernels: tuple[int, ...]
    context_files: tuple[int, ...]
    entries: tuple[int, ...]
    runs: int


FULL = Growth(
    snapshots=(10, 100, 1000),
    base_files=(1000, 10_000, 100_000),
    images=(10, 100, 1000),
    cells=(10, 50, 200),
    kernels=(1, 2, 4, 8),
    context_files=(500, 5000, 50_000),
    entries=(200, 2000, 20_000),
    runs=7,
)
TINY = Growth(
    snapshots=(1,),
    base_files=(5,),
    images=(2,),
    cells=(3,),
    kernels=(2,),
    context_files=(5,),
    entries=(10, 20),
    runs=1,
)
