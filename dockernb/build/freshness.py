"""Whether what a cell made is still what running it now would make, and if not, why.

Pure but for `FilesChanged`, which looks at the files that a cell copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..dockerfile.instructions import (
    CopyInstruction,
    FromInstruction,
    Instruction,
    RunInstruction,
)
from ..errors import CellsNotRunError, DockernbError, MissingCell
from .cell_text import may_set_escape, parsed
from .chain import CellRecord
from .gap import check_needs
from .needs import differs, rebased
from .state import BuildState

__all__ = ["FilesChanged", "Freshness", "Stale", "instructions_of"]

# What changed of the files that a cell copied, in words; () if nothing.
FilesChanged = Callable[[CellRecord], tuple[str, ...]]


@dataclass(frozen=True)
class Stale:
    """Why a cell's result does not count any more.

    Args:
        because: Its text was edited; it stands on another snapshot, or needs cells that are not
            there (`missing`); a build arg changed; a file that it copied changed.
        changes: In words; empty for the text and for the snapshot above.
    """

    because: str
    changes: tuple[str, ...] = ()
    missing: tuple[MissingCell, ...] = ()


@dataclass(frozen=True)
class Freshness:
    """Compares a cell's record with the notebook as it is now."""

    build_args: Mapping[str, str]
    files_changed: FilesChanged
    flags: tuple[str, ...] = ()

    def judge(self, record: CellRecord, source: str, state: BuildState) -> Stale | BuildState:
        """Why `record` does not count for a cell with the text `source` on `state`.

        Returns:
            The state behind the cell if it does count.
        """
        if record.source.strip() != source.strip():
            return Stale("text")
        if record.begun != state.begun and may_set_escape(source):
            return Stale("parent")
        instructions = instructions_of(source, record.start.escape, begun=record.start.begun)
        triggers = record.after.step - record.start.step > len(instructions)
        try:
            check_needs(instructions, state)
            other = differs(instructions, record.start, state, triggers=triggers)
        except CellsNotRunError as error:
            return Stale("parent", missing=error.missing)
        if other is not None:
            return Stale("parent", (other,) if other else ())
        if changed := self._changed_args(record) or self._changed_flags(record, instructions):
            return Stale("argument", changed)
        if changed := self.files_changed(record):
            return Stale("file", changed)
        return rebased(instructions, record.after, record.start, state)

    def _changed_flags(
        self, record: CellRecord, instructions: Sequence[Instruction]
    ) -> tuple[str, ...]:
        """Flags count for commands and for what reads images."""
        counting = (RunInstruction, CopyInstruction, FromInstruction)
        if record.flags == self.flags or not any(isinstance(i, counting) for i in instructions):
            return ()
        return ("the flags of docker build changed",)

    def _changed_args(self, record: CellRecord) -> tuple[str, ...]:
        return tuple(
            f"ARG {name}: {_shown(value)} -> {_shown(self.build_args.get(name))}"
            for name, value in record.build_args
            if self.build_args.get(name) != value
        )


def _shown(value: str | None) -> str:
    if value is None:
        return "(default)"
    return value if len(value) <= 40 else value[:37] + "..."


@lru_cache(maxsize=2000)
def instructions_of(source: str, escape: str, *, begun: bool) -> Sequence[Instruction]:
    """The instructions of a cell; none if its text breaks a rule of the language."""
    try:
        return parsed(source, BuildState(escape=escape, begun=begun))[1].instructions
    except DockernbError:
        return ()
