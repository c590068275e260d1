"""What differs between two snapshots: files with their sizes, and the image config."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ..engines.base import Engine
from ..oci.config import ImageConfig
from ..oci.diff import Change
from .config_changes import config_changes
from .image_tree import Node, Tree, image_tree
from .result import ConfigChange

__all__ = ["FileDifference", "ImageDifference", "compare_snapshots", "file_differences"]


@dataclass(frozen=True)
class FileDifference:
    """One path.

    Args:
        change: "A": only in the second snapshot, "D": only in the first, "M": in both.
        before, after: Bytes of a file's content; None where there is no file.
        what: For "M": what of it differs: "content", "mode 0644 -> 0755"...
    """

    path: str
    change: Change
    type: str
    before: int | None = None
    after: int | None = None
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageDifference:
    """All that differs between two snapshots.

    Args:
        left, right: Their image IDs.
    """

    left: str
    right: str
    files: tuple[FileDifference, ...] = ()
    config: tuple[ConfigChange, ...] = ()

    @property
    def grown(self) -> int:
        """By how many bytes the files of the second are more than those of the first."""
        return sum((file.after or 0) - (file.before or 0) for file in self.files)

    def counts(self) -> dict[Change, int]:
        """How many paths were added, modified and deleted."""
        counts: dict[Change, int] = {"A": 0, "M": 0, "D": 0}
        for file in self.files:
            counts[file.change] += 1
        return counts

    def to_json(self) -> dict[str, Any]:
        counts = self.counts()
        return {
            "version": 1,
            "left": self.left,
            "right": self.right,
            "added": counts["A"],
            "modified": counts["M"],
            "deleted": counts["D"],
            "bytes": self.grown,
            "files": [asdict(file) for file in self.files],
            "config": [asdict(change) for change in self.config],
        }


def compare_snapshots(engine: Engine, left: str, right: str) -> ImageDifference:
    """Compares two images on the engine by their contents; times do not count.

    Args:
        left, right: Image IDs.
    """
    if left == right:
        return ImageDifference(left, right)
    trees = (image_tree(engine, left), image_tree(engine, right))
    configs = [_config(engine, image) for image in (left, right)]
    files = tuple(file_differences(*trees))
    return ImageDifference(left, right, files, config_changes(*configs))


def _config(engine: Engine, image_id: str) -> ImageConfig:
    image = engine.image(image_id)
    return ImageConfig() if image is None else image.config


def file_differences(left: Tree, right: Tree) -> Iterator[FileDifference]:
    """The paths that differ, sorted; of a folder that is only in one, all that is in it too."""
    for path in sorted({*left, *right}):
        before, after = left.get(path), right.get(path)
        if path == "/" or before == after:
            continue
        if before is None and after is not None:
            yield FileDifference(path, "A", after.type, None, _size(after))
        elif after is None and before is not None:
            yield FileDifference(path, "D", before.type, _size(before), None)
        elif before is not None and after is not None:
            what = tuple(_what(before, after))
            yield FileDifference(path, "M", after.type, _size(before), _size(after), what)


def _size(node: Node) -> int | None:
    return node.size if node.type == "file" else None


def _what(before: Node, after: Node) -> Iterator[str]:
    if before.type != after.type:
        yield f"{before.type} -> {after.type}"
        return
    if (before.content, before.size) != (after.content, after.size):
        yield "content"
    if before.mode != after.mode:
        yield f"mode {before.mode:04o} -> {after.mode:04o}"
    if before.owner != after.owner:
        yield f"owner {before.owner} -> {after.owner}"
    if before.link_target != after.link_target:
        yield f"link {before.link_target} -> {after.link_target}"
    if before.device != after.device:
        yield f"device {before.device} -> {after.device}"
    if before.xattrs != after.xattrs:
        yield "attributes"
