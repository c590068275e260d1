"""Examines a snapshot: every expectation in turn."""

from __future__ import annotations

from collections.abc import Mapping

from .exercise import Exercise, Expectation
from .result import Answer, CheckResult
from .subject import Finding, Subject

__all__ = ["evaluate", "not_examined"]


def evaluate(exercise: Exercise, subject: Subject, failures: Mapping[str, int]) -> CheckResult:
    """What is right, what is missing, and a hint for each that is missing.

    Args:
        failures: How often each expectation was found missing before: the hint goes on by one each
            time, up to the last.

    Raises:
        BuildInterruptedError: the reader interrupted.
        EngineError: the engine failed.
    """
    answers: list[Answer] = []
    for expectation in exercise.expectations:
        subject.check_interrupt()
        right = {answer.name for answer in answers if answer.status == "right"}
        if not right.issuperset(expectation.needs):
            answers.append(
                Answer(expectation.name, "waiting", expectation.missing, expectation.points)
            )
            continue
        finding = expectation.rule.examine(subject)
        if finding.ok:
            answers.append(Answer(expectation.name, "right", expectation.says, expectation.points))
        else:
            earlier = failures.get(expectation.name, 0)
            answers.append(_missing(expectation, finding, subject, earlier))
    return CheckResult(exercise.name, exercise.title, tuple(answers))


def not_examined(exercise: Exercise, problem: str) -> CheckResult:
    """The result where there is no snapshot to examine."""
    answers = (
        Answer(each.name, "waiting", each.missing, each.points) for each in exercise.expectations
    )
    return CheckResult(exercise.name, exercise.title, tuple(answers), problem)


def _missing(expectation: Expectation, finding: Finding, subject: Subject, earlier: int) -> Answer:
    text, hints = expectation.missing, expectation.hints
    for mistake in expectation.mistakes:
        if mistake.rule.examine(subject).ok:
            text, hints = mistake.missing or text, mistake.hints
            break
    number = min(earlier, len(hints) - 1)
    return Answer(
        expectation.name,
        "missing",
        text,
        expectation.points,
        found=finding.found,
        output=finding.output,
        hint=hints[number],
        hint_number=number + 1,
        hint_count=len(hints),
    )
