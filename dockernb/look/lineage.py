"""The steps that led to a snapshot, through the stages it was built from."""

from __future__ import annotations

from collections.abc import Sequence

from ..build.result import StepResult
from ..errors import LookError

__all__ = ["find_step", "lineage"]

_MIN_ID = 4  # digits of a shortened snapshot ID


def lineage(results: Sequence[StepResult], last: StepResult) -> list[StepResult]:
    """The steps from the base image to `last`, first one first.

    Args:
        results: All steps in the order of the notebook, `last` among them.
    """
    steps = [last]
    place = next(i for i, each in enumerate(results) if each is last)
    current = last
    for result in reversed(results[:place]):
        if result.snapshot is None or not _leads_to(result, current):
            continue
        steps.append(result)
        current = result
    return steps[::-1]


def _leads_to(before: StepResult, after: StepResult) -> bool:
    snapshot = after.snapshot
    if snapshot is None or before.snapshot is None:
        return False
    if after.instruction == "FROM":  # on a stage above it has that stage's last snapshot
        return before.instruction != "FROM" and before.snapshot.id == snapshot.id
    return before.stage == after.stage and before.snapshot.id == snapshot.parent


def _is_number(step: StepResult, name: str) -> bool:
    return str(step.step) == name.strip("[]")


def _is_stage(step: StepResult, name: str) -> bool:
    return step.stage.lower() == name.lower() and not name.isdecimal()


def _begins_id(step: StepResult, name: str) -> bool:
    wanted = name.removeprefix("sha256:").lower()
    known = step.snapshot.id.removeprefix("sha256:") if step.snapshot else ""
    return len(wanted) >= _MIN_ID and known.startswith(wanted)


def find_step(results: Sequence[StepResult], name: str | None) -> StepResult:
    """The step whose snapshot is meant.

    Args:
        name: A step's number, the beginning of a snapshot's ID, or a stage's name (its last step);
            None: the last step of all.

    Raises:
        LookError: there is none.
    """
    built = [result for result in results if result.snapshot is not None]
    if not built:
        raise LookError(
            "there is no snapshot yet", hint="Run a cell with FROM, for example: FROM busybox"
        )
    if name is None:
        return built[-1]
    for test in (_is_number, _is_stage, _begins_id):
        found = [step for step in built if test(step, name)]
        if found:
            return found[-1]
    stages = ", ".join(dict.fromkeys(step.stage for step in built))
    raise LookError(
        f'"{name}" is no step, stage or snapshot of this notebook',
        rule=f"steps: {built[0].step} to {built[-1].step}; stages: {stages}",
    )
