"""Are two images the same? Their trees, their configs, their histories.

Two images are the same when every path has the same type, mode, owner, link target, content and
extended attributes, when the configs say the same, and when the histories do. Times are left out:
they differ between any two builds.

Some files differ between two builds of the same Dockerfile too (logs, caches, compiled Python that
holds times). `unreproducible` tells them: content that also differs between two reference builds.
Nothing but content is ever forgiven.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from dockernb.build.image_tree import Node, Tree
from dockernb.oci.config import ImageConfig

__all__ = [
    "Difference",
    "Section",
    "compare_configs",
    "compare_histories",
    "compare_images",
    "compare_trees",
    "unreproducible",
]

Section = Literal["tree", "config", "history"]

# What engines lay into a container's file system when they create it; see `_without_stubs`.
_STUBS = frozenset(
    {
        *("/.dockerenv", "/dev", "/dev/console", "/dev/pts", "/dev/shm", "/proc", "/sys"),  # noqa: S108
        *("/etc", "/etc/hostname", "/etc/hosts", "/etc/mtab", "/etc/resolv.conf"),
    }
)


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same.

    Args:
        section: Where it was found.
        name: A path, a config field ("Env.PATH"), or a step of the history ("step 3").
        what: What of it: "missing", "type", "mode", "owner", "link target", "content"...
        left: Value in the first image as text; "-" where it has none.
        right: Value in the second image.
    """

    section: Section
    name: str
    what: str
    left: str
    right: str

    def to_json(self) -> dict[str, str]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


def compare_images(
    left: tuple[Tree, ImageConfig], right: tuple[Tree, ImageConfig], *, same_engine: bool = True
) -> list[Difference]:
    """All differences of two images: tree, then config, then history.

    Args:
        same_engine: False: the trees were read through different engines, so files that an engine
            adds to every container may be in one only.
    """
    left_tree, right_tree = left[0], right[0]
    if not same_engine:
        left_tree, right_tree = (
            _without_stubs(left_tree, right_tree),
            _without_stubs(right_tree, left_tree),
        )
    return [
        *compare_trees(left_tree, right_tree),
        *compare_configs(left[1], right[1]),
        *compare_histories(left[1], right[1]),
    ]


def compare_trees(left: Tree, right: Tree) -> list[Difference]:
    """Differences of two trees, sorted by path.

    Engines do not agree on whether the root itself is in the stream: it counts if both have it.
    """
    both = left.keys() | right.keys()
    if "/" not in left.keys() & right.keys():
        both -= {"/"}
    return [
        difference
        for path in sorted(both)
        if left.get(path) != right.get(path)
        for difference in _compare_nodes(path, left.get(path), right.get(path))
    ]


def compare_configs(left: ImageConfig, right: ImageConfig) -> list[Difference]:
    """Differences of two configs, without times, layers and history."""
    before, after = _flat_config(left), _flat_config(right)
    differences = [
        Difference("config", name, "value", before.get(name, "-"), after.get(name, "-"))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    env = (left.runtime.env, right.runtime.env)
    if env[0] != env[1] and sorted(env[0]) == sorted(env[1]):
        differences.append(Difference("config", "Env", "order", " ".join(env[0]), " ".join(env[1])))
    return differences


def compare_histories(left: ImageConfig, right: ImageConfig) -> list[Difference]:
    """Differences of two histories: what made each step, and whether it made a layer."""
    differences = []
    for index in range(max(len(left.history), len(right.history))):
        name = f"step {index + 1}"
        sides = [
            config.history[index] if index < len(config.history) else None
            for config in (left, right)
        ]
        texts = ["-" if side is None else side.created_by for side in sides]
        empty = ["-" if side is None else str(side.empty_layer).lower() for side in sides]
        if texts[0] != texts[1]:
            differences.append(Difference("history", name, "created_by", *texts))
        if empty[0] != empty[1]:
            differences.append(Difference("history", name, "empty_layer", *empty))
    return differences


def unreproducible(
    differences: Sequence[Difference], first: Tree, second: Tree
) -> tuple[list[Difference], list[Difference]]:
    """Parts differences into those that count and those that no two builds would agree on.

    Args:
        differences: Of a notebook's image and a reference image.
        first, second: Trees of two reference builds, both made without a cache.
    """
    volatile = {
        difference.name
        for difference in compare_trees(first, second)
        if difference.what == "content"
    }
    counting: list[Difference] = []
    forgiven: list[Difference] = []
    for difference in differences:
        is_content = difference.section == "tree" and difference.what == "content"
        (forgiven if is_content and difference.name in volatile else counting).append(difference)
    return counting, forgiven


def _compare_nodes(path: str, left: Node | None, right: Node | None) -> Iterator[Difference]:
    if left is None or right is None:
        found = [_described(node) for node in (left, right)]
        yield Difference("tree", path, "missing", *found)
        return
    if left.type != right.type:
        yield Difference("tree", path, "type", left.type, right.type)
        return
    values = (
        ("mode", f"{left.mode:04o}", f"{right.mode:04o}"),
        ("owner", left.owner, right.owner),
        ("link target", left.link_target, right.link_target),
        ("device", left.device, right.device),
        ("attributes", _attributes(left), _attributes(right)),
    )
    for what, before, after in values:
        if before != after:
            yield Difference("tree", path, what, before, after)
    if (left.content, left.size) != (right.content, right.size):
        yield Difference("tree", path, "content", _content(left), _content(right))


def _described(node: Node | None) -> str:
    return "-" if node is None else f"{node.type} {node.mode:04o} {node.owner}"


def _content(node: Node) -> str:
    return f"{node.size} bytes, sha256 {node.content[:12]}"


def _attributes(node: Node) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in node.xattrs)


def _flat_config(config: ImageConfig) -> dict[str, str]:
    """Every field with a value as text; variables and labels each for itself.

    A field that dockernb does not know and that is empty is the same as one that is not there:
    engines write some of those fields always, others never.
    """
    runtime = config.runtime
    data = runtime.to_json()
    for name in runtime.other:
        if not data[name]:
            del data[name]
    data.pop("Env", None)
    data.pop("Labels", None)
    flat = {name: _text(value) for name, value in data.items()}
    # A variable may stand in Env twice; the whole list of its values is compared.
    for item in runtime.env:
        key, _, value = item.partition("=")
        name = f"Env.{key}"
        flat[name] = f"{flat[name]}, {_text(value)}" if name in flat else _text(value)
    flat.update({f"Labels.{key}": _text(value) for key, value in runtime.labels.items()})
    if config.author:
        flat["Author"] = _text(config.author)
    flat["Platform"] = str(config.platform)
    return flat


def _text(value: Any) -> str:
    if isinstance(value, dict) and not any(value.values()):
        value = sorted(value)  # sets are objects with empty values in a config
    return repr(value)


def _without_stubs(tree: Tree, other: Tree) -> dict[str, Node]:
    """The tree without the empty things that an engine laid there and the other one did not."""
    return {path: node for path, node in tree.items() if path in other or not _is_stub(path, node)}


def _is_stub(path: str, node: Node) -> bool:
    if path == "/etc/mtab":
        return node.link_target == "/proc/mounts"
    return path in _STUBS and (node.type == "dir" or (node.type == "file" and not node.size))
