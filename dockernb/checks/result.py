"""What a check found: for the page, the terminal and the grader."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Answer", "CheckResult"]

Status = Literal["right", "missing", "waiting"]


@dataclass(frozen=True)
class Answer:
    """What became of one expectation.

    Args:
        status: "waiting": it was not examined, because another one is missing.
        text: What is right, or what is missing.
        found: What is there instead, if that can be said.
        output: The last lines that a command printed. From a container: not to be trusted.
        hint_number: From 1; 0: there is no hint.
    """

    name: str
    status: Status
    text: str
    points: int = 1
    found: str = ""
    output: str = ""
    hint: str = ""
    hint_number: int = 0
    hint_count: int = 0

    @property
    def score(self) -> int:
        """Points that were reached."""
        return self.points if self.status == "right" else 0


@dataclass(frozen=True)
class CheckResult:
    """What became of an exercise.

    Args:
        problem: Why nothing could be examined; "" when it could.
    """

    name: str
    title: str
    answers: tuple[Answer, ...]
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether all is right."""
        return all(answer.status == "right" for answer in self.answers)

    @property
    def right(self) -> int:
        """How many expectations are met."""
        return sum(answer.status == "right" for answer in self.answers)

    @property
    def score(self) -> int:
        """Points that were reached."""
        return sum(answer.score for answer in self.answers)

    @property
    def max_score(self) -> int:
        """Points that can be reached."""
        return sum(answer.points for answer in self.answers)

    def to_json(self) -> dict[str, Any]:
        """For the grader."""
        return {
            "name": self.name,
            "title": self.title,
            "ok": self.ok,
            "problem": self.problem,
            "score": self.score,
            "max_score": self.max_score,
            "expectations": [{**asdict(answer), "score": answer.score} for answer in self.answers],
        }
