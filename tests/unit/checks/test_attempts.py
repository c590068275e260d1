from __future__ import annotations

from dockernb.checks.attempts import Attempts
from dockernb.checks.result import Answer, CheckResult


def test_each_attempt_counts_what_was_missing_then() -> None:
    attempts = Attempts()
    assert attempts.failures("x") == {}
    for status in ("missing", "missing", "right"):
        answers = (Answer("a", status, "-"), Answer("b", "waiting", "-"))  # type: ignore[arg-type]
        attempts.note(CheckResult("x", "X", answers))
    assert attempts.failures("x") == {"a": 2}
    assert attempts.failures("y") == {}
