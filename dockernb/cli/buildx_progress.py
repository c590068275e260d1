"""The progress of `docker buildx build --progress=plain`, told in the notebook's own words.

Its lines are `#N [stage 2/3] RUN make` where a step begins, `#N 0.123 text` for what it prints, and
`#N DONE 1.2s`, `#N CACHED` or `#N ERROR: why` at its end (BuildKit, util/progress/progressui). The
steps of a stage are counted as BuildKit does: FROM if it is an image, then what changes files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from dockernb.dockerfile.instructions import FromInstruction, Instruction
from dockernb.dockerfile.magics import without_magics
from dockernb.dockerfile.parse import parse
from dockernb.errors import DockerfileError

__all__ = ["BuildLine", "BuildProgress", "CellStep", "cell_steps"]

_COUNTED = {"RUN", "COPY", "ADD", "WORKDIR"}
_LINE = re.compile(r"#(?P<number>\d+) (?P<text>.*)\Z", re.DOTALL)
_STEP = re.compile(
    r"\[(?:(?P<words>[^\]]*) )?\s*(?P<at>\d+)/(?P<total>\d+)\] (?P<source>(?P<name>[A-Z]+)\b.*)\Z",
    re.DOTALL,
)
_PRINTED = re.compile(r"\d+\.\d+ ")
_ENDS = re.compile(r"(?:(?P<done>DONE)(?: (?P<time>[\d.]+s))?|(?P<cached>CACHED)|CANCELED"
                   r"|ERROR: (?P<error>.*))\Z", re.DOTALL)  # fmt: skip


@dataclass(frozen=True)
class CellStep:
    """A step as BuildKit counts it, and the cell that it stands in.

    Args:
        stage: The stage's name, or `stage-N`.
        at: Its number in the stage, from 1.
        cell: Number of the code cell, from 1.
    """

    stage: str
    at: int
    name: str
    cell: int


@dataclass(frozen=True)
class BuildLine:
    """One line for the reader.

    Args:
        kind: "begin" and "end" of a step, what it "print"s, or "other".
        cell: Number of its cell; None: it belongs to none.
        status: Of an "end": "built", "cached", "failed", "canceled".
    """

    kind: Literal["begin", "end", "print", "other"]
    text: str
    cell: int | None = None
    status: str = ""


def cell_steps(sources: Sequence[str]) -> list[CellStep]:
    """The steps of all code cells. A cell that cannot be read has none: buildx says why."""
    steps: list[CellStep] = []
    names: list[str] = []
    at = 0
    for number, source in enumerate(sources, 1):
        for instruction in _instructions(source):
            if isinstance(instruction, FromInstruction):
                known = instruction.image.lower() in {*names, "scratch"}
                names.append((instruction.stage_name or f"stage-{len(names)}").lower())
                at = 0
                if known:
                    continue
            elif instruction.name not in _COUNTED or not names:
                continue
            at += 1
            steps.append(CellStep(names[-1], at, instruction.name, number))
    return steps


def _instructions(source: str) -> Iterable[Instruction]:
    try:
        return parse(without_magics(source) or "")
    except DockerfileError:
        return ()


class BuildProgress:
    """Takes the lines one after the other."""

    def __init__(self, steps: Sequence[CellStep]) -> None:
        self._steps = steps
        self._cells: dict[str, int | None] = {}
        self.failed_cell: int | None = None

    def line(self, text: str) -> BuildLine | None:
        """What a reader is shown of one line; None: nothing."""
        match = _LINE.match(text)
        if match is None:
            return BuildLine("other", text) if text.strip() else None
        number, rest = match["number"], match["text"]
        if number not in self._cells:
            self._cells[number], source = self._find(rest)
            return BuildLine("begin", source, self._cells[number])
        cell = self._cells[number]
        if rest == "..." or _STEP.match(rest):  # it was interleaved with another one
            return None
        printed = _PRINTED.match(rest)
        if printed is not None:
            return BuildLine("print", rest[printed.end() :], cell)
        end = _ENDS.match(rest)
        return BuildLine("print", rest, cell) if end is None else self._end(end, cell)

    def _end(self, end: re.Match[str], cell: int | None) -> BuildLine:
        if end["error"] is not None:
            self.failed_cell = cell
            return BuildLine("end", end["error"], cell, "failed")
        if end["cached"]:
            return BuildLine("end", "", cell, "cached")
        status = "built" if end["done"] else "canceled"
        return BuildLine("end", end["time"] or "", cell, status)

    def _find(self, text: str) -> tuple[int | None, str]:
        """The cell of a step, and its text without the count."""
        step = _STEP.match(text)
        if step is None:
            return None, text
        # For several platforms the platform stands before the stage.
        stage = (step["words"] or "").split(" ")[-1].lower()
        found = {
            each.cell
            for each in self._steps
            if each.at == int(step["at"])
            and each.name == step["name"]
            and (not stage or "/" in stage or each.stage == stage)
        }
        platform = (step["words"] or "").split(" ")[0]
        shown = f"{platform} {step['source']}" if "/" in platform else step["source"]
        return (found.pop(), shown) if len(found) == 1 else (None, text)
