"""An image's bytes as a tree: the image, its steps, and the folders that each step wrote to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..build.result import StepResult

__all__ = ["SpaceNode", "space_tree"]

_DEPTH = 4  # names of a path
_CHILDREN = 10
_SMALLEST = 0.004  # of the whole image


@dataclass(frozen=True)
class SpaceNode:
    """A part of the image.

    Args:
        name: Of a folder its path; of a step its instruction's name; of the rest of many "...".
        size: Bytes in layers.
        lost: Those of them that a later step removes or replaces.
        step: The step that wrote the bytes; None: the whole image.
        files: How many files they are.
    """

    name: str
    size: int
    lost: int = 0
    files: int = 0
    step: StepResult | None = None
    children: tuple[SpaceNode, ...] = ()

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"name": self.name, "bytes": self.size, "lost_bytes": self.lost}
        data["files"] = self.files
        if self.step is not None:
            data["step"] = self.step.step
        if self.children:
            data["children"] = [child.to_json() for child in self.children]
        return data


@dataclass
class _Folder:
    size: int = 0
    lost: int = 0
    files: int = 0
    below: dict[str, _Folder] = field(default_factory=dict)

    def add(self, names: Sequence[str], size: int, lost: int) -> None:
        self.size += size
        self.lost += lost
        self.files += 1
        if names:
            self.below.setdefault(names[0], _Folder()).add(names[1:], size, lost)


def space_tree(
    steps: Sequence[StepResult],
    base_sizes: Mapping[str, int],
    lost: Mapping[int, Mapping[str, int]],
) -> SpaceNode:
    """The tree of a snapshot.

    Args:
        steps: From the base image on (see `lineage`).
        base_sizes: Sizes of the base image's files; empty: its folders are not told.
        lost: See `lost_files`.
    """
    parts: list[tuple[StepResult, int, _Folder]] = []
    for index, step in enumerate(steps):
        if step.snapshot is None or (step.instruction == "FROM" and index):
            continue  # FROM a stage above has its bytes from that stage's steps
        files = _step_files(step) if index else base_sizes.items()
        folder = _Folder()
        gone = lost.get(step.step, {})
        for path, size in files:
            folder.add(path.split("/")[1:-1][:_DEPTH], size, min(size, gone.get(path, 0)))
        size = step.snapshot.layer_size if index else step.snapshot.size
        if size:
            parts.append((step, max(size, folder.size), folder))
    total = sum(size for _, size, _ in parts)
    nodes = tuple(_step_node(*part, least=total * _SMALLEST) for part in parts)
    return SpaceNode(
        "image", total, sum(n.lost for n in nodes), sum(n.files for n in nodes), children=nodes
    )


def _step_files(step: StepResult) -> Iterable[tuple[str, int]]:
    """The files that a step wrote."""
    return (
        (entry.path, entry.size)
        for entry in step.diff.entries
        if entry.change != "D" and entry.type == "file"
    )


def _step_node(step: StepResult, size: int, folder: _Folder, *, least: float) -> SpaceNode:
    children = _children(folder, "", least)
    node = SpaceNode(step.instruction, size, folder.lost, folder.files, children=children)
    return _of_step(node, step)


def _of_step(node: SpaceNode, step: StepResult) -> SpaceNode:
    children = tuple(_of_step(child, step) for child in node.children)
    return replace(node, step=step, children=children)


def _children(folder: _Folder, path: str, least: float) -> tuple[SpaceNode, ...]:
    """The biggest folders; what is small is one node with the others."""
    found = sorted(folder.below.items(), key=lambda item: (-item[1].size, item[0]))
    shown = [(name, each) for name, each in found[:_CHILDREN] if each.size >= least]
    nodes = [
        SpaceNode(
            f"{path}/{name}",
            each.size,
            each.lost,
            each.files,
            children=_children(each, f"{path}/{name}", least),
        )
        for name, each in shown
    ]
    rest = found[len(shown) :]
    size = sum(each.size for _, each in rest)
    if nodes and size >= least:
        lost, files = sum(e.lost for _, e in rest), sum(e.files for _, e in rest)
        nodes.append(SpaceNode(f"{path}/...", size, lost, files))
    return tuple(nodes)
