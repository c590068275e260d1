"""All checks on a file whose cells are known: the findings by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..build.result import StepResult
from ..dockerfile.parse import ParsedDockerfile, parse_file
from ..errors import DockernbError
from ..look.lineage import lineage
from ..look.wasted import find_waste
from .buildkit import buildkit_checks
from .finding import LEVELS, Finding
from .hadolint import find_hadolint, hadolint_findings
from .rules import Built, own_rules

__all__ = ["CellLines", "LintReport", "PlacedFinding", "built_of", "lint"]

NOT_INSTALLED = "hadolint is not installed; its rules are added by: pip install 'dockernb[lint]'"
# Rule of ours -> those of hadolint that say the same with less.
_SAME = {"dnb-unpinned-base": {"DL3006", "DL3007"}, "dnb-apt-lists": {"DL3009"}}
_SAME |= {"MaintainerDeprecated": {"DL4000"}, "DuplicateStageName": {"DL3024"}}
_SAME |= {"JSONArgsRecommended": {"DL3025"}, "WorkdirRelativePath": {"DL3000"}}
_SAME |= {"MultipleInstructionsDisallowed": {"DL4003", "DL4004"}, "dnb-root-user": {"DL3002"}}


@dataclass(frozen=True)
class CellLines:
    """Where a cell stands in the exported file.

    Args:
        label: How the reader knows it, `[3]`.
        first: Its first line in the file, from 1; `count`: how many it has there.
        offset: Lines of the cell above that one: magics.
    """

    cell_id: str
    label: str
    source: str
    first: int
    count: int
    offset: int = 0


@dataclass(frozen=True)
class PlacedFinding:
    """A finding in its cell; `line` counts in the cell. No cell: between cells."""

    finding: Finding
    cell: CellLines | None
    line: int

    def to_json(self) -> dict[str, Any]:
        data = self.finding.to_json()
        cell = self.cell
        data["file_line"] = data.pop("line")
        data["cell"] = None if cell is None else {"id": cell.cell_id, "label": cell.label}
        data["line"] = self.line
        return data

    @property
    def excerpt(self) -> str:
        """The line of the cell that it is about."""
        lines = self.cell.source.split("\n") if self.cell else []
        return lines[self.line - 1].strip() if 0 < self.line <= len(lines) else ""


@dataclass(frozen=True)
class LintReport:
    """What was found, in the order of the file; notes say what could not be checked."""

    findings: tuple[PlacedFinding, ...]
    notes: tuple[str, ...] = ()

    def worst(self) -> int:
        """Index in LEVELS of the worst finding; their number if there is none."""
        levels = [LEVELS.index(each.finding.level) for each in self.findings]
        return min(levels, default=len(LEVELS))


def lint(
    text: str,
    cells: Sequence[CellLines],
    built: Callable[[ParsedDockerfile], Built] = lambda _: Built(),
    hadolint: Callable[[], str | None] = find_hadolint,
) -> LintReport:
    """Checks a whole file.

    Args:
        text: The exported file.
        built: Gives what is known from building it.

    Raises:
        DockerfileError: the file has a syntax error; a linter has nothing to add to that.
    """
    parsed = parse_file(text)
    found = own_rules(parsed, built(parsed)) + buildkit_checks(parsed)
    notes = []
    program = hadolint()
    if program is None:
        notes.append(NOT_INSTALLED)
    else:
        more, note = hadolint_findings(text, program)
        found += [each for each in more if not _is_told(each, found)]
        notes += [note] if note else []
    found.sort(key=lambda each: (each.line, LEVELS.index(each.level)))
    return LintReport(tuple(_placed(each, cells) for each in found), tuple(notes))


def _is_told(finding: Finding, found: Sequence[Finding]) -> bool:
    return any(
        each.line == finding.line and finding.rule in _SAME.get(each.rule, ()) for each in found
    )


def _placed(finding: Finding, cells: Sequence[CellLines]) -> PlacedFinding:
    for cell in cells:
        if cell.first <= finding.line < cell.first + cell.count:
            return PlacedFinding(finding, cell, finding.line - cell.first + 1 + cell.offset)
    return PlacedFinding(finding, None, finding.line)


def built_of(
    results: Sequence[StepResult], cells: Sequence[CellLines], user: str | None
) -> Callable[[ParsedDockerfile], Built]:
    """What was built, matched with the instructions of the file.

    A cell whose text is no longer what was built has no steps here.

    Args:
        user: USER of the last snapshot.
    """

    def match(parsed: ParsedDockerfile) -> Built:
        steps: dict[int, StepResult] = {}
        names: dict[int, str] = {}
        for cell in cells:
            last = cell.first + cell.count
            own = [e for e in parsed.instructions if cell.first <= e.lines.start < last]
            made = [result for result in results if result.cell_id == cell.cell_id]
            current = all(result.source.strip() in cell.source for result in made)
            if current and [e.name for e in own] == [result.instruction for result in made]:
                for instruction, result in zip(own, made, strict=True):
                    steps[instruction.lines.start] = result
                    names[result.step] = cell.label
        complete = len(steps) == len(parsed.instructions)
        if not steps:
            return Built()
        newest = max(steps.values(), key=lambda step: step.step)
        try:
            # What the base image loses is no finding, so nobody has to read it.
            waste = find_waste(lineage(list(steps.values()), newest), dict)
        except DockernbError:
            waste = []
        return Built(steps, waste, names, user if complete else None)

    return match
