"""Steps as a build leaves them, in one line each."""

from __future__ import annotations

from dockernb.build.result import CacheVerdict, Snapshot, StepResult
from dockernb.oci.diff import Change, DiffEntry, FilesystemDiff, FileType

BASE_SIZE = 1000


def image_id(number: int) -> str:
    return "sha256:" + f"{number:x}" * 64


def entry(text: str) -> DiffEntry:
    """`A /path 12`, `D /path/` (a folder), `M /link l 3`."""
    change, path, *rest = text.split()
    kind: FileType = "dir" if path.endswith("/") else "file"
    if rest[:1] == ["l"]:
        kind, rest = "symlink", rest[1:]
    known: Change = change  # type: ignore[assignment]
    return DiffEntry(path.rstrip("/"), known, kind, int(rest[0]) if rest else 0)


def step(
    number: int,
    source: str,
    *changes: str,
    stage: str = "0",
    parent: int | None = None,
    snapshot: int | None = None,
) -> StepResult:
    """Step `number` on the one before it, with the changes of `entry`."""
    name = source.partition(" ")[0]
    diff = FilesystemDiff(tuple(entry(change) for change in changes))
    before = None if name == "FROM" else image_id(number - 1 if parent is None else parent)
    size = BASE_SIZE if name == "FROM" else diff.bytes
    made = Snapshot(image_id(snapshot or number), before, BASE_SIZE + diff.bytes, size)
    return StepResult(
        instruction=name,
        source=source,
        stage=stage,
        step=number,
        status="built",
        cache=CacheVerdict("miss", "first time"),
        engine="fake",
        cell_id=f"cell-{number}",
        snapshot=made,
        diff=diff,
    )
