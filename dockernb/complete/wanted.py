"""What can stand at the cursor, before anybody has looked what there is of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Kind", "MagicShape", "Wanted"]

Kind = Literal[
    "keyword", "flag", "value", "magic",  # written out in `values`
    "stage", "image", "variable", "global variable", "assignment", "argument",
    "user", "group", "command", "path", "folder",  # in the snapshot
    "context", "context folder",  # in the build context
    "file", "file folder",  # on the kernel's machine, below the notebook's folder
    "snapshot", "step", "run", "secret", "environment", "exercise", "magic name", "archive form",
]  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """One sort of thing that can stand at the cursor.

    Args:
        typed: What is there of it already, directly before the cursor.
        values: The things themselves, where the text alone decides.
        of: For "path": the stage or image that it is in; "": the snapshot that the cell stands on.
        close: What is put behind it.
        blanks: Names with blanks can stand here (in quotes).
        executable: For "path": only what can be run, and folders.
    """

    kind: Kind
    typed: str
    values: tuple[str, ...] = ()
    of: str = ""
    close: str = ""
    blanks: bool = False
    executable: bool = False


class MagicShape(Protocol):
    """What completion must know of a magic.

    Attributes:
        written: With its percent signs.
        values: Fixed words that can follow anywhere, options among them.
        takes: What the arguments that are no options are, in order; the last one is repeated.
        options: What stands behind an option.
    """

    @property
    def written(self) -> str: ...

    @property
    def values(self) -> tuple[str, ...]: ...

    @property
    def takes(self) -> tuple[Kind, ...]: ...

    @property
    def options(self) -> Mapping[str, Kind]: ...
