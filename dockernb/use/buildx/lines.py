"""The lines of `docker buildx build --progress=plain`, each with the step that it is about.

They are `#N [stage 2/3] RUN make` where a step begins, `#N 0.123 text` for what it prints, and
`#N DONE 1.2s`, `#N CACHED` or `#N ERROR: why` at its end (BuildKit, util/progress/progressui).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .steps import CellStep

__all__ = ["BuildLine", "LineReader"]

_LINE = re.compile(r"#(?P<number>\d+) (?P<text>.*)\Z", re.DOTALL)
_STEP = re.compile(
    r"\[(?:(?P<words>[^\]]*) )?\s*(?P<at>\d+)/(?P<total>\d+)\] (?P<source>(?P<name>[A-Z]+)\b.*)\Z",
    re.DOTALL,
)
_PRINTED = re.compile(r"\d+\.\d+ ")
_ENDS = re.compile(r"(?:(?P<done>DONE)(?: (?P<time>[\d.]+)s)?|(?P<cached>CACHED)|CANCELED"
                   r"|ERROR: (?P<error>.*))\Z", re.DOTALL)  # fmt: skip


@dataclass(frozen=True)
class BuildLine:
    """One line.

    Args:
        kind: "begin" and "end" of a step, what it "print"s, or "other".
        text: Of "begin" the step, of a failed "end" the reason.
        number: BuildKit's number of the step; 0 of "other".
        step: The instruction; None: it is none of the notebook's.
        platform: Of a step that is built for several.
        status: Of an "end".
        seconds: Of an "end", how long the step took, where BuildKit says it.
    """

    kind: Literal["begin", "end", "print", "other"]
    text: str
    number: int = 0
    step: CellStep | None = None
    platform: str = ""
    status: Literal["", "done", "cached", "failed", "canceled"] = ""
    seconds: float | None = None

    @property
    def cell(self) -> int | None:
        """Number of its cell, from 1."""
        return self.step.cell if self.step is not None else None


class LineReader:
    """Takes the lines one after the other.

    Args:
        steps: Of the notebook.
    """

    def __init__(self, steps: Sequence[CellStep]) -> None:
        self._steps = [step for step in steps if step.at]
        self._known: dict[int, tuple[CellStep | None, str]] = {}

    def read(self, text: str) -> BuildLine | None:
        """What a line says; None: nothing."""
        match = _LINE.match(text)
        if match is None:
            return BuildLine("other", text) if text.strip() else None
        number, rest = int(match["number"]), match["text"]
        if number not in self._known:
            step, platform, source = self._find(rest)
            self._known[number] = step, platform
            return BuildLine("begin", source, number, step, platform)
        step, platform = self._known[number]
        if rest == "..." or _STEP.match(rest):  # it was interleaved with another one
            return None
        printed = _PRINTED.match(rest)
        if printed is not None:
            return BuildLine("print", rest[printed.end() :], number, step, platform)
        end = _ENDS.match(rest)
        if end is None:
            return BuildLine("print", rest, number, step, platform)
        seconds = float(end["time"]) if end["time"] else None
        if end["error"] is not None:
            return BuildLine("end", end["error"], number, step, platform, "failed")
        status: Literal["cached", "done", "canceled"] = "canceled"
        if end["cached"] or end["done"]:
            status = "cached" if end["cached"] else "done"
        return BuildLine("end", "", number, step, platform, status, seconds)

    def _find(self, text: str) -> tuple[CellStep | None, str, str]:
        """The instruction of a step, its platform, and its text without the count."""
        found = _STEP.match(text)
        if found is None:
            return None, "", text
        # For several platforms the platform stands before the stage.
        words = (found["words"] or "").split(" ")
        stage = words[-1].lower() if "/" not in words[-1] else ""
        platform = words[0] if "/" in words[0] else ""
        fitting = [
            step
            for step in self._steps
            if step.name == found["name"]
            and step.at == self._own_number(step.stage, int(found["at"]), int(found["total"]))
            and stage in ("", step.stage)
        ]
        if len(fitting) != 1:
            return None, "", text
        return fitting[0], platform, found["source"]

    def _own_number(self, stage: str, at: int, total: int) -> int:
        """ONBUILD of the base image adds steps behind FROM, which are counted, too."""
        more = total - sum(step.stage == stage for step in self._steps)
        return at if at == 1 or more <= 0 else at - more
