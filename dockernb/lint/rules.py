"""Our own rules: what only this notebook's numbers can tell.

- dnb-unpinned-base: another image may stand behind the same FROM tomorrow;
- dnb-late-cleanup: a RUN deletes what a RUN above made, and the bytes stay;
- dnb-apt-lists: the package lists stay in the image;
- dnb-root-user: containers of the image run as root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..build.result import StepResult
from ..dockerfile.instructions import (
    CmdInstruction,
    EntrypointInstruction,
    Instruction,
    RunInstruction,
)
from ..dockerfile.parse import ParsedDockerfile
from ..look.wasted import Waste
from .finding import Finding
from .stages import LintStage, stages_of

__all__ = ["Built", "own_rules"]

_LISTS = "/var/lib/apt/lists"
_LEAST = 100_000  # bytes that are worth a word
_REMOVES_LISTS = re.compile(r"\brm\b[^&;|\n]*/var/lib/apt/lists")
_FETCHES_LISTS = re.compile(r"\bapt(?:-get)?\b[^&;|\n]*\bupdate\b")


@dataclass(frozen=True)
class Built:
    """What is known of the file because its cells were built. All empty: nothing.

    Args:
        steps: Line of an instruction in the file -> its step.
        waste: Of the last stage's steps.
        names: Number of a step -> how the reader knows it, `[2]`.
        user: USER of the last snapshot; None: not known.
    """

    steps: Mapping[int, StepResult] = field(default_factory=dict)
    waste: Sequence[Waste] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    user: str | None = None

    def name(self, step: StepResult) -> str:
        return self.names.get(step.step, f"step {step.step}")

    def line(self, step: StepResult) -> int | None:
        return next((line for line, each in self.steps.items() if each.step == step.step), None)


def own_rules(parsed: ParsedDockerfile, built: Built) -> list[Finding]:
    """The findings, in the order of the lines."""
    file = stages_of(parsed.instructions)
    found: list[Finding] = []
    for stage in file.stages:
        found += _unpinned(stage, built)
        found += _kept_lists(stage, built)
        found += _late_cleanup(stage, built)
    found += _lost(built)
    if file.stages:
        found += _root(file.stages[-1], built)
    return sorted(found, key=lambda finding: finding.line)


def _unpinned(stage: LintStage, built: Built) -> Iterator[Finding]:
    image = stage.start.image
    if stage.base is not None or "$" in image or "@" in image or image.lower() == "scratch":
        return
    name = image.rpartition("/")[2]
    tag = name.partition(":")[2]
    if tag not in ("", "latest"):
        return
    step = built.steps.get(stage.start.lines.start)
    now = ""
    if step is not None and step.snapshot is not None:
        now = f"; today it is {step.snapshot.short_id}, {_size(step.snapshot.size)}"
    what = "has no tag, which means latest" if not tag else "is whatever is newest"
    message = f'"{image}" {what}: another image may stand behind it tomorrow{now}'
    yield Finding("dnb-unpinned-base", "warning", stage.start.lines.start, message)


def _late_cleanup(stage: LintStage, built: Built) -> Iterator[Finding]:
    """The pattern in the text; what was built is told by `_lost`, with its bytes."""
    fetched: Instruction | None = None
    for each in stage.instructions:
        if not isinstance(each, RunInstruction):
            continue
        text = _script(each)
        fetches, removes = _FETCHES_LISTS.search(text), _REMOVES_LISTS.search(text)
        if fetches and not removes and not _is_mounted(each):
            fetched = each
        elif removes and not fetches and fetched is not None:
            if each.lines.start not in built.steps:
                yield Finding(
                    "dnb-late-cleanup",
                    "warning",
                    each.lines.start,
                    f"this RUN cannot make the image smaller: the package lists stay in the layer "
                    f"of line {fetched.lines.start}; remove them in that RUN",
                )
            fetched = None


def _lost(built: Built) -> Iterator[Finding]:
    for waste in built.waste:
        line = built.line(waste.lost)
        removed = waste.how == "removed"
        least = _LEAST if removed else 10 * _LEAST  # a small file that is replaced is no mistake
        if waste.in_base or waste.bytes < least or line is None:
            continue
        yield Finding(
            "dnb-late-cleanup",
            "warning" if removed else "info",
            line,
            f"{waste.path} is {waste.how} here and costs {_size(waste.bytes)} in "
            f"{built.name(waste.made)} all the same. {waste.advice}",
            waste.bytes,
        )


def _kept_lists(stage: LintStage, built: Built) -> Iterator[Finding]:
    for each in stage.instructions:
        step = built.steps.get(each.lines.start)
        if step is None or not isinstance(each, RunInstruction):
            continue
        entries = [e for e in step.diff.entries if e.path.startswith(_LISTS + "/")]
        size = sum(entry.size for entry in entries if entry.change != "D")
        lost = sum(w.bytes for w in built.waste if w.made.step == step.step and _LISTS in w.path)
        if size - lost >= _LEAST:
            yield Finding(
                "dnb-apt-lists",
                "info",
                each.lines.start,
                f"keeps {_size(size - lost)} of package lists that nobody needs in the image; "
                f"end the RUN with && rm -rf {_LISTS}/*",
                size - lost,
            )


def _root(stage: LintStage, built: Built) -> Iterator[Finding]:
    if built.user is None or built.user.partition(":")[0] not in ("", "0", "root"):
        return
    last: Instruction = stage.instructions[-1] if stage.instructions else stage.start
    for each in stage.instructions:
        if isinstance(each, CmdInstruction | EntrypointInstruction):
            last = each
    yield Finding(
        "dnb-root-user",
        "info",
        last.lines.start,
        "containers of this image run as root; add USER with another user before it",
    )


def _script(run: RunInstruction) -> str:
    return "\n".join([*run.command.args, *(doc.content for doc in run.command.heredocs)])


def _is_mounted(run: RunInstruction) -> bool:
    return any(m.get("target", "dst", "destination").startswith("/var/lib/apt") for m in run.mounts)


def _size(size: float) -> str:
    """Bytes in powers of 1,000, as on the cards."""
    if size < 1000:
        return f"{size:.0f} B"
    return f"{size / 1e3:.1f} kB" if size < 999_950 else f"{size / 1e6:.1f} MB"
