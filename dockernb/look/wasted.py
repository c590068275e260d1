"""Bytes that one step added and a later one removed or replaced: they stay in the image's layers.

A layer is never changed by the layers above it. A file that a later step deletes is hidden, not
gone; a file that it changes is there twice.
"""

from __future__ import annotations

import bisect
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..build.result import StepResult
from ..oci.diff import DiffEntry
from .base_layers import LayerStep, number_of

__all__ = ["Waste", "find_waste", "lost_files", "wasted_bytes"]

How = Literal["removed", "replaced"]


@dataclass(frozen=True)
class Waste:
    """Files of one folder that one step made and another one took away.

    Args:
        path: The folder, or the file if it is only one.
        made: The step that added the bytes; the first one stands for the base image.
    """

    path: str
    files: int
    bytes: int
    made: StepResult
    lost: StepResult
    how: How

    @property
    def in_base(self) -> bool:
        return self.made.instruction == "FROM"

    @property
    def advice(self) -> str:
        """What would save the bytes."""
        made, lost = self.made.instruction, self.lost.instruction
        if self.in_base:
            return "They are in the base image; only another base saves them."
        if self.how == "removed":
            if made in ("COPY", "ADD"):
                return (
                    "Do not copy them: use them from a mount, RUN --mount=type=bind,..., "
                    "or copy them in a stage of their own."
                )
            if "/var/lib/apt/lists" in self.path or "/var/cache/apt" in self.path:
                return f"End the RUN that makes them with: && rm -rf {self.path}/*"
            return "Remove them at the end of the same RUN that makes them."
        if lost == "RUN" and made in ("COPY", "ADD"):
            return (
                "If only mode or owner change: COPY --chmod=... or --chown=...; else copy them as "
                "they shall be."
            )
        return "Make them once: join the two steps, or build them in a stage of their own."

    def to_json(self) -> dict[str, Any]:
        layers = {
            key: step.layer
            for key, step in (("added_in_layer", self.made), ("lost_in_layer", self.lost))
            if isinstance(step, LayerStep)
        }
        return {
            **layers,
            "path": self.path,
            "files": self.files,
            "bytes": self.bytes,
            "added_in": number_of(self.made),
            "lost_in": number_of(self.lost),
            "how": self.how,
            "in_base": self.in_base,
            "advice": self.advice,
        }


@dataclass(frozen=True)
class _Kept:
    """A file whose bytes are in a layer."""

    step: StepResult
    size: int


# Made in, lost in, how, folder.
_Key = tuple[int, int, How, str]


def find_waste(
    steps: Sequence[StepResult], base_sizes: Callable[[], Mapping[str, int]]
) -> list[Waste]:
    """What is in the layers and not in the snapshot, the most bytes first.

    Args:
        steps: From the base image on (see `lineage`).
        base_sizes: Sizes of the base image's files; asked for only if one of them was lost.
    """
    return _Walk(steps, base_sizes).run()


def lost_files(
    steps: Sequence[StepResult], base_sizes: Callable[[], Mapping[str, int]]
) -> dict[int, dict[str, int]]:
    """Step number -> the files that it made and a later one took away, with their bytes."""
    walk = _Walk(steps, base_sizes)
    walk.run()
    found: dict[int, dict[str, int]] = {}
    for (made, *_), files in walk.lost.items():
        found.setdefault(made, {}).update(files)
    return found


def wasted_bytes(found: Sequence[Waste]) -> int:
    """Bytes that the notebook itself could save: without those of the base image."""
    return sum(waste.bytes for waste in found if not waste.in_base)


class _Walk:
    def __init__(
        self, steps: Sequence[StepResult], base_sizes: Callable[[], Mapping[str, int]]
    ) -> None:
        self._steps = steps
        self._base_sizes = base_sizes
        self._base: dict[str, int] | None = None
        self._files: dict[str, _Kept] = {}
        self.lost: dict[_Key, list[tuple[str, int]]] = {}
        self._made: set[str] = set()  # folders that a step added
        self._sorted: list[str] | None = None
        self._sorted_base: list[str] | None = None

    def run(self) -> list[Waste]:
        for index, step in enumerate(self._steps):
            self._sorted = None
            # Deletions first: what an emptied folder gets in the same step is new.
            for entry in step.diff.entries:
                if entry.change == "D" or _is_other_kind(entry):
                    self._lose_below(entry, step)
            for entry in step.diff.entries:
                if entry.change == "A" and entry.type == "dir":
                    self._made.add(entry.path)
                if entry.change != "D" and entry.type == "file":
                    if entry.change == "M" and index:
                        self._lose(entry.path, step, "replaced", posixpath.dirname(entry.path))
                    self._files[entry.path] = _Kept(step, entry.size)
        found = [self._waste(key, files) for key, files in self.lost.items()]
        merged = _merged([waste for waste in found if waste.bytes])
        return sorted(merged, key=lambda waste: -waste.bytes)

    def _base_files(self) -> dict[str, int]:
        if self._base is None:
            self._base = dict(self._base_sizes())
        return self._base

    def _lose_below(self, entry: DiffEntry, step: StepResult) -> None:
        how: How = "removed" if entry.change == "D" else "replaced"
        if entry.type != "dir" and entry.change == "D":
            self._lose(entry.path, step, how, posixpath.dirname(entry.path))
            return
        for path in self._below(entry.path):
            self._lose(path, step, how, entry.path)

    def _below(self, folder: str) -> list[str]:
        """Files below a folder; of the base image only if the folder was there."""
        if self._sorted is None:
            self._sorted = sorted(self._files)
        found = _range(self._sorted, folder)
        if folder in self._made:
            return found
        if self._sorted_base is None:
            self._sorted_base = sorted(self._base_files())
        return list(dict.fromkeys([*found, *_range(self._sorted_base, folder)]))

    def _lose(self, path: str, step: StepResult, how: How, folder: str) -> None:
        kept = self._files.pop(path, None)
        if kept is None:
            size = self._base_files().pop(path, None)
            if size is None:
                return
            kept = _Kept(self._steps[0], size)
        else:
            (self._base or {}).pop(path, None)
        key = (kept.step.step, step.step, how, folder)
        self.lost.setdefault(key, []).append((path, kept.size))

    def _waste(self, key: _Key, files: Sequence[tuple[str, int]]) -> Waste:
        by_number = {step.step: step for step in self._steps}
        made, lost, how, folder = key
        path = files[0][0] if len(files) == 1 else folder
        total = sum(size for _, size in files)
        return Waste(path, len(files), total, by_number[made], by_number[lost], how)


def _range(paths: list[str], folder: str) -> list[str]:
    """The paths of a sorted list that are below a folder. Some may be lost already."""
    low = bisect.bisect_left(paths, folder + "/")
    high = bisect.bisect_left(paths, folder + "0", low)  # "0" is what comes after "/"
    return paths[low:high]


def _is_other_kind(entry: DiffEntry) -> bool:
    """Something else than a folder or file: what was there before, a folder maybe, is gone."""
    return entry.change == "M" and entry.type not in ("dir", "file")


def _merged(found: Sequence[Waste]) -> list[Waste]:
    """Groups whose folder lies in another group's folder are one with it."""
    merged: list[Waste] = []
    for waste in sorted(found, key=lambda each: each.path):
        for index, other in enumerate(merged):
            same = (other.made, other.lost, other.how) == (waste.made, waste.lost, waste.how)
            if same and other.files > 1 and waste.path.startswith(other.path + "/"):
                merged[index] = Waste(
                    other.path,
                    other.files + waste.files,
                    other.bytes + waste.bytes,
                    other.made,
                    other.lost,
                    other.how,
                )
                break
        else:
            merged.append(waste)
    return merged
