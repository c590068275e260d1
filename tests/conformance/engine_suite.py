"""What every engine promises (dockernb/engines/base.py), stated once.

Each `check_` function gets a `Bench`: an engine and a small base image with a shell. It knows
nothing of the engine's insides, so the same functions run on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from tests.conformance import (
    checks_of_images,
    checks_of_launches,
    checks_of_runs,
    checks_of_terminals,
)
from tests.conformance.bench import Bench

__all__ = ["CHECKS", "CHECKS_OF_THE_WAY", "CHECKS_OVER_SSH", "LAUNCHES", "Bench"]


def _checks(*modules: ModuleType) -> list[Callable[[Bench], None]]:
    return [
        value
        for module in modules
        for name, value in sorted(vars(module).items())
        if name.startswith("check_")
    ]


CHECKS = _checks(checks_of_runs, checks_of_images)
LAUNCHES = _checks(checks_of_launches, checks_of_terminals)

#: What depends on how the engine is reached: streams both ways, questions, interrupts.
CHECKS_OF_THE_WAY: list[Callable[[Bench], None]] = [
    checks_of_runs.check_info_is_stable,
    checks_of_runs.check_interrupt_within_two_seconds,
    checks_of_runs.check_much_output_arrives_whole,
    checks_of_runs.check_output_and_exit_code,
    checks_of_runs.check_output_closed_before_the_end,
    checks_of_runs.check_output_comes_while_it_runs,
    checks_of_runs.check_threads_share_an_engine,
    checks_of_images.check_commit_has_exactly_the_config,
    checks_of_images.check_read_missing,
    checks_of_images.check_stat,
    checks_of_images.check_write_keeps_owner_and_mode,
]

#: Also what is held open beside the requests: secrets last as long as a connection.
CHECKS_OVER_SSH = [
    *CHECKS_OF_THE_WAY,
    checks_of_runs.check_bind_mounts_and_what_caches_begin_with,
    checks_of_runs.check_secrets_are_in_no_snapshot_or_are_refused_clearly,
]
