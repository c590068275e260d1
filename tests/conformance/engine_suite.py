"""What every engine promises (dockernb/engines/base.py), stated once.

Each `check_` function gets a `Bench`: an engine and a small base image with a shell. It knows
nothing of the engine's insides, so the same functions run on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from tests.conformance import checks_of_images, checks_of_launches, checks_of_runs
from tests.conformance.bench import Bench

__all__ = ["CHECKS", "LAUNCHES", "Bench"]


def _checks(*modules: ModuleType) -> list[Callable[[Bench], None]]:
    return [
        value
        for module in modules
        for name, value in sorted(vars(module).items())
        if name.startswith("check_")
    ]


CHECKS = _checks(checks_of_runs, checks_of_images)
LAUNCHES = _checks(checks_of_launches)
