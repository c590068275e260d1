"""What the base image of a chain of steps holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..build.result import StepResult
from .entries import FileEntry, read_entries
from .snapshot_files import SnapshotFiles
from .space_tree import SpaceNode, space_tree
from .wasted import lost_files

__all__ = ["entry_in_base", "sizes_in_base", "space_of_snapshot"]


def entry_in_base(files: SnapshotFiles, steps: Sequence[StepResult], path: str) -> FileEntry | None:
    """What the base image has at this path; of a folder with the size of all below it."""
    base = steps[0].snapshot
    if base is None:
        return None
    with files.view(base.id) as view:
        if view.stat(path) is None:
            return None
        entries = read_entries(view, path)
    size = sum(entry.size for entry in entries if not entry.is_hard_link)
    return replace(entries[0], path=path, size=size)


def sizes_in_base(files: SnapshotFiles, steps: Sequence[StepResult]) -> Mapping[str, int]:
    """Sizes of the base image's files by path."""
    base = steps[0].snapshot
    return files.sizes(base.id) if base is not None else {}


def space_of_snapshot(files: SnapshotFiles, steps: Sequence[StepResult]) -> SpaceNode:
    """Where the bytes of the last step's snapshot are."""
    base = sizes_in_base(files, steps)
    return space_tree(steps, base, lost_files(steps, lambda: base))
