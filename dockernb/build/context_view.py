"""The build context as a reader wants to see it: what cells read, and what .dockerignore takes out.

The folder may be huge: at most `_LIMIT` entries are looked at, and what is excluded as a whole is
counted as one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..dockerfile.dockerignore import DockerIgnore
from .chain import CellRecord
from .context import BuildContext
from .context_read import ContextRead
from .link_paths import DEEPEST

__all__ = ["ContextView", "Excluded", "FilesOfCell", "view_context"]

_LIMIT = 50_000
_EXAMPLES = 5


@dataclass(frozen=True)
class FilesOfCell:
    """What one cell read: paths relative to the context with their sizes now (None: gone)."""

    cell: str
    files: Mapping[str, int | None]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(size or 0 for size in self.files.values())


@dataclass(frozen=True)
class Excluded:
    """What one line of .dockerignore takes out: how many files and folders, the first by name."""

    line: int
    pattern: str
    count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContextView:
    """The context, at one moment.

    Args:
        ignore_file: Name of the .dockerignore file in force; "": there is none.
        excluded: One entry for each pattern, in the order of the file; `!` lines take in.
        whole: False: the folder holds more than was looked at.
    """

    root: Path
    ignore_file: str = ""
    cells: tuple[FilesOfCell, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    whole: bool = field(default=True)

    def to_json(self) -> dict[str, Any]:
        return {
            "version": 1,
            "root": str(self.root),
            "ignore_file": self.ignore_file,
            "cells": [
                {"cell": each.cell, "bytes": each.size, "files": dict(each.files)}
                for each in self.cells
            ],
            "excluded": [asdict(each) for each in self.excluded],
            "whole": self.whole,
        }


def view_context(
    context: BuildContext, records: Sequence[CellRecord], cells: Sequence[str]
) -> ContextView:
    """Looks at the context now.

    Args:
        records: What the cells made; those that read nothing are left out.
        cells: IDs of all code cells in order.

    Raises:
        DockerfileSyntaxError: a line of .dockerignore is malformed.
    """
    reading = tuple(
        FilesOfCell(
            f"cell {cells.index(record.cell_id) + 1}",
            {name: size for read in record.reads for name, size in _sizes(context, read)},
        )
        for record in records
        if record.reads and record.cell_id in cells
    )
    ignore, file = context.ignore(), context.ignore_file
    found: dict[int, list[str]] = {pattern.line: [] for pattern in ignore.patterns}
    looked = 0
    for path in _excluded(context.root, ignore) if ignore.patterns else ():
        looked += 1
        if looked > _LIMIT:
            break
        decider = ignore.deciding_line(path) if path else None
        if decider is not None:
            found[decider[0]].append(path)
    excluded = tuple(
        Excluded(
            pattern.line,
            pattern.text,
            len(found[pattern.line]),
            tuple(found[pattern.line][:_EXAMPLES]),
        )
        for pattern in ignore.patterns
    )
    name = file.name if file else ""
    return ContextView(context.root, name, reading, excluded, looked <= _LIMIT)


def _sizes(context: BuildContext, read: ContextRead) -> Iterator[tuple[str, int | None]]:
    for name in read.content:
        if name.endswith("/"):
            continue
        try:
            status = (context.root / name).lstat()
        except OSError:
            yield name, None
            continue
        yield name, status.st_size


def _excluded(root: Path, ignore: DockerIgnore, below: str = "") -> Iterator[str]:
    """The paths that are taken out, and "" for each that is not; whole folders as one."""
    try:
        with os.scandir(root / below) as entries:
            found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    except OSError:
        return
    for name, is_folder in found:
        path = f"{below}/{name}" if below else name
        out = ignore.excludes(path)
        if not (out and is_folder and ignore.may_reinclude_below(path)):
            yield path if out else ""
        if (
            path.count("/") < DEEPEST
            and is_folder
            and (not out or ignore.may_reinclude_below(path))
        ):
            yield from _excluded(root, ignore, path)
