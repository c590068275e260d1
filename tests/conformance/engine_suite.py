"""What every engine promises (dockernb/engines/base.py), stated once.

Each `check_` function gets a `Bench`: an engine and a small base image with a shell. It knows
nothing of the engine's insides, so the same functions run on all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance import checks_of_images, checks_of_runs
from tests.conformance.bench import Bench

__all__ = ["CHECKS", "Bench"]

CHECKS: list[Callable[[Bench], None]] = [
    value
    for module in (checks_of_runs, checks_of_images)
    for name, value in sorted(vars(module).items())
    if name.startswith("check_")
]
