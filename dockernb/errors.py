"""The exceptions of dockernb. Imports nothing of the project.

Every error says what failed, where (cell, line, excerpt), which rule was broken, what state is
left, and a next step that can be typed. The same object is shown as text (command line), as a
kernel reply and on a card.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = [
    "BaseImageError",
    "BuildError",
    "BuildInterruptedError",
    "CellsNotRunError",
    "CheckFileError",
    "ContextError",
    "DigestMismatchError",
    "DockerfileError",
    "DockerfileSyntaxError",
    "DockernbError",
    "EngineError",
    "EngineNotAvailableError",
    "ImageNotFoundError",
    "InstructionFailedError",
    "InternalError",
    "LookError",
    "MissingCell",
    "NoStageError",
    "NotInBuildContextError",
    "NotebookError",
    "OciError",
    "RegistryError",
    "RunError",
    "StageNotFoundError",
    "StorageFullError",
    "UnknownInstructionError",
    "UnsupportedByEngineError",
    "Where",
]

_EXCERPT_WIDTH = 200


@dataclass(frozen=True)
class Where:
    """The place of an error: lines of a source text, and the cell that holds it.

    Args:
        source: The whole text of the cell or file.
        line: First guilty line, counted from 1 in `source`.
        end_line: Last guilty line (inclusive); `None` means `line`.
        label: What holds the source, for example `cell [4]` or `Dockerfile`.
    """

    source: str
    line: int
    end_line: int | None = None
    label: str | None = None

    def excerpt(self, around: int = 1) -> str:
        """The guilty lines marked with `>>>`, with `around` lines of context on both sides."""
        # Not splitlines(): line numbers count "\n" only.
        lines = self.source.split("\n")
        if not self.source.strip():
            return ""
        last = self.end_line or self.line
        low, high = max(1, self.line - around), min(len(lines), last + around)
        width = len(str(high))
        rows = []
        for number in range(low, high + 1):
            mark = ">>>" if self.line <= number <= last else "   "
            text = lines[number - 1].rstrip("\r")
            shown = text if len(text) <= _EXCERPT_WIDTH else text[: _EXCERPT_WIDTH - 3] + "..."
            rows.append(f"  {mark} {number:>{width}} | {shown}")
        if len(rows) > 12:
            rows = [*rows[:8], f"      ... {len(rows) - 10} lines more", *rows[-2:]]
        return "\n".join(rows)


class DockernbError(Exception):
    """Base of all errors that a reader may meet.

    Args:
        message: One line: what failed, with values in quotes.
        where: The place in the notebook or file, when there is one.
        rule: The rule that was broken, or facts that help (several lines allowed).
        hint: A next step that can be typed.
        state: What is left: which snapshot stands, what was not done.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        where: Where | None = None,
        rule: str | None = None,
        hint: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.rule = rule
        self.hint = hint
        self.state = state

    @property
    def name(self) -> str:
        """The class name, as shown before the message."""
        return type(self).__name__

    def at(self, where: Where) -> DockernbError:
        """Sets the place if none is known yet; returns itself."""
        if self.where is None:
            self.where = where
        return self

    def details(self) -> list[str]:
        """All lines after the first one: place, excerpt, rule, state and hint."""
        lines: list[str] = []
        if self.where is not None:
            if self.where.label:
                lines.append(self.where.label)
            excerpt = self.where.excerpt()
            if excerpt:
                lines.append(excerpt)
        lines.extend(text for text in (self.rule, self.state, self.hint) if text)
        return lines

    def format_message(self) -> str:
        """The whole error as plain text."""
        return "\n".join([f"{self.name}: {self.message}", *self.details()])


class DockerfileError(DockernbError):
    """The text of a cell or Dockerfile cannot be used."""


class DockerfileSyntaxError(DockerfileError):
    """The text breaks a rule of the Dockerfile language."""


class UnknownInstructionError(DockerfileSyntaxError):
    """The first word of an instruction is none of the 18 instructions."""


class NoStageError(DockerfileError):
    """An instruction other than ARG stands before the first FROM."""


class StageNotFoundError(DockerfileError):
    """`--from`, `--target` or `FROM` names a stage that does not exist."""


class BuildError(DockernbError):
    """A step could not be built. The snapshot before it stands."""


class InstructionFailedError(BuildError):
    """The command of a RUN ended with an exit code other than 0.

    You do not get this error when the container could not be made: that is an `EngineError`.
    """

    def __init__(
        self,
        message: str,
        *,
        exit_code: int,
        output_tail: str = "",
        where: Where | None = None,
        rule: str | None = None,
        hint: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(message, where=where, rule=rule, hint=hint, state=state)
        self.command_exit_code = exit_code
        self.output_tail = output_tail

    def details(self) -> list[str]:
        lines = super().details()
        if self.output_tail:
            lines.insert(2 if self.where else 0, "last output:\n" + _indent(self.output_tail))
        return lines


class BuildInterruptedError(BuildError):
    """The reader interrupted the step; its container was killed and removed."""

    exit_code = 130


class ContextError(BuildError):
    """The build context cannot be read."""


class NotInBuildContextError(ContextError):
    """COPY or ADD names a source that the build context does not hold, or that is ignored."""


@dataclass(frozen=True)
class MissingCell:
    """A cell whose result is not there: what needs it cannot be built.

    Args:
        position: Place in the notebook.
        label: How the reader finds it, for example `cell 2: RUN make`.
        reason: "has not run", "failed", "was interrupted", "has changed since it ran" or "is stale"
            (the same text, but something above it is not what it ran on).
        declares_arg: It begins with ARG; before the first FROM, every FROM may need it.
        cell_id: Its identity; "" if the front end did not say.
    """

    position: int
    label: str
    reason: str
    declares_arg: bool = False
    cell_id: str = ""


class CellsNotRunError(BuildError):
    """Cells above this one must run first, and the cache does not hold their results.

    Args:
        missing: The cells to run; they are named in the order of the notebook.
    """

    def __init__(self, missing: Iterable[MissingCell]) -> None:
        self.missing = tuple(sorted(set(missing), key=lambda cell: cell.position))
        mixed = len({cell.reason for cell in self.missing}) > 1
        rows = [f"  {cell.label}" + (f" ({cell.reason})" if mixed else "") for cell in self.missing]
        super().__init__(
            _what_is_missing([cell.reason for cell in self.missing]),
            hint="\n".join(["Nothing was run. Run first, in this order:", *rows]),
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """Labels of the cells to run, in order."""
        return tuple(cell.label for cell in self.missing)


def _what_is_missing(reasons: Sequence[str]) -> str:
    count = len(reasons)
    if count == 1:
        return f"a cell above {reasons[0]}"
    if len(set(reasons)) > 1:
        return f"{count} cells above must run first"
    plurals = {
        "has not run": "have not run",
        "has changed since it ran": "have changed since they ran",
        "is stale": "are stale",
        "was interrupted": "were interrupted",
    }
    return f"{count} cells above {plurals.get(reasons[0], reasons[0])}"


class EngineError(DockernbError):
    """The engine refused or failed at something that should work."""


class EngineNotAvailableError(EngineError):
    """No engine answers: the daemon is not running, or the connection was lost."""


class RunError(DockernbError):
    """There is no running container of this name, or the name is in use."""


class ImageNotFoundError(EngineError):
    """The image is neither on the engine nor in its registry."""


class RegistryError(EngineError):
    """A registry did not answer, refused, or sent something wrong."""


class UnsupportedByEngineError(EngineError):
    """This engine cannot do what the instruction asks for; the text names one that can."""


class StorageFullError(EngineError):
    """The disk of the engine or of the cache is full. Nothing of the step was kept."""


class OciError(DockernbError):
    """Image data breaks a rule of the OCI image specification."""


class DigestMismatchError(OciError):
    """Bytes are not those that their digest or size promises. They were thrown away."""


class BaseImageError(DockernbError):
    """A base image cannot be made from the distribution's packages. No image was made."""


class LookError(DockernbError):
    """What was asked for is not in the snapshot, or cannot be shown. Nothing was changed."""


class NotebookError(DockernbError):
    """A notebook file cannot be read or is not a Dockerfile notebook."""


class CheckFileError(DockernbError):
    """The check file of an exercise is not there, or says something that makes no sense."""


class InternalError(DockernbError):
    """A bug in dockernb. Please report it with the output of `dockernb doctor`."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="This is a bug in dockernb; "
            "please report it with the output of `dockernb doctor`.",
        )


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
