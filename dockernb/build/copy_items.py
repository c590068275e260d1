"""From the sources of a COPY to the files it takes: wildcards, --exclude, --parents.

Source of the rules: `docopy` in BuildKit's `solver/llbsolver/file/backend.go`, `ResolveWildcards`
and `Copy` in tonistiigi/fsutil `copy/copy.go`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.errors import DockernbError

from .copy_request import CopyRequest
from .link_paths import clean, join, resolve_links
from .source_entry import SourceEntry, SourceTree
from .wildcards import has_wildcards, matches, split_wildcards

__all__ = ["CopyItem", "Missing", "collect_items", "collect_path"]

Missing = Callable[[str], DockernbError]


@dataclass(frozen=True)
class CopyItem:
    """One source after wildcards: a file, or a directory whose contents are copied.

    Args:
        name: Its base name as written: what the file is called in a destination directory.
        shown: Its path for the reader, relative to the root of the source.
        below: For a directory: relative paths and entries, each after its directory.
        may_unpack: False for what is never unpacked (heredocs, downloads).
        is_itself_copied: For a directory: one that is made at the destination gets its mode, or
            that of --chmod (a repository of ADD).
    """

    name: str
    shown: str
    entry: SourceEntry
    below: tuple[tuple[str, SourceEntry], ...] = ()
    may_unpack: bool = True
    is_itself_copied: bool = False


def collect_items(
    tree: SourceTree, request: CopyRequest, sources: tuple[str, ...], missing: Missing
) -> list[CopyItem]:
    """All that the `sources` of `request` name in `tree`, in the order in which it is copied.

    A wildcard that matches nothing gives nothing.

    Raises:
        DockernbError: The one made by `missing`, for a source that does not exist.
    """
    excludes = DockerIgnore.from_patterns(request.excludes)
    items: list[CopyItem] = []
    for source in sources:
        if request.parents:
            items += _with_parents(tree, source, excludes, missing)
            continue
        path = clean(source)
        is_wild = bool(split_wildcards(path)[1])
        for match in _expand(tree, path, lambda source=source: missing(source)):  # type: ignore[misc]
            # A file that a wildcard found and --exclude names stays out (the reference's example).
            if is_wild and excludes.excludes(posixpath.basename(match)):
                continue
            resolved, entry = _follow(tree, match, lambda source=source: missing(source))  # type: ignore[misc]
            below = tuple(_walk(tree, resolved, excludes)) if entry.type == "dir" else ()
            items.append(CopyItem(posixpath.basename(match), resolved.lstrip("/"), entry, below))
    return items


def collect_path(tree: SourceTree, path: str, error: Callable[[], DockernbError]) -> CopyItem:
    """What is at `path`, links followed, with all below it; no wildcards.

    Raises:
        DockernbError: The one made by `error`, if there is nothing.
    """
    resolved, entry = _follow(tree, clean(path), error)
    below = tuple(_walk(tree, resolved, DockerIgnore())) if entry.type == "dir" else ()
    return CopyItem(posixpath.basename(path), resolved.lstrip("/"), entry, below)


def _expand(tree: SourceTree, path: str, error: Callable[[], DockernbError]) -> list[str]:
    """The paths that a clean path with wildcards means; itself if it has none."""
    base, pattern = split_wildcards(path)
    if not pattern:
        return [path]
    base = resolve_links(base, tree.read_link)
    tree.expect(base, pattern)
    found = tree.entry(base)
    if found is None:
        raise error()
    paths = [base] if found.type == "dir" else []
    for number, part in enumerate(pattern):
        is_last = number == len(pattern) - 1
        paths = [
            join(path, name)
            for path in paths
            for name, entry in tree.children(path)
            # Below a link that a wildcard matched nothing is looked for.
            if (is_last or entry.type == "dir") and matches(part, name)
        ]
    return paths


def _follow(
    tree: SourceTree, path: str, error: Callable[[], DockernbError]
) -> tuple[str, SourceEntry]:
    resolved = resolve_links(path, tree.read_link)
    tree.expect(resolved, [])
    entry = tree.entry(resolved)
    if entry is None:
        raise error()
    return resolved, entry


def _walk(
    tree: SourceTree, top: str, excludes: DockerIgnore, relative: str = ""
) -> Iterator[tuple[str, SourceEntry]]:
    """All below `top`, directories before what they hold. Excluded directories with something that
    is taken in again come just before it.
    """
    prefix = f"{relative}/" if relative else ""
    out_in_folder = excludes.in_folder(relative)
    for name, entry in tree.children(join(top, relative) if relative else top):
        path = prefix + name
        is_out = out_in_folder(path)
        if entry.type != "dir":
            if not is_out:
                yield path, entry
            continue
        if is_out and not excludes.may_reinclude_below(path):
            continue
        inside = _walk(tree, top, excludes, path)
        if not is_out:
            yield path, entry
            yield from inside
            continue
        for number, found in enumerate(inside):
            if number == 0:
                yield path, entry
            yield found


def _with_parents(
    tree: SourceTree, source: str, excludes: DockerIgnore, missing: Missing
) -> list[CopyItem]:
    """`COPY --parents`: the part before "/./" is where to look, the part after it is kept."""
    pivot, found, pattern = source.partition("/./")
    if not found:
        pivot, pattern = "/", source
    pattern = clean(pattern).lstrip("/")
    pivot = clean(pivot)

    def error() -> DockernbError:
        return missing(source)

    items = []
    for match in _expand(tree, pivot, error):
        resolved, entry = _follow(tree, match, error)
        if entry.type != "dir":
            items.append(CopyItem(posixpath.basename(match), resolved.lstrip("/"), entry))
            continue
        below = tuple(_included(tree, resolved, DockerIgnore.from_patterns([pattern]), excludes))
        items.append(CopyItem(posixpath.basename(match), resolved.lstrip("/"), entry, below))
    is_plain = not has_wildcards(pivot) and not has_wildcards(pattern)
    if is_plain and pattern and not any(item.below or item.entry.type != "dir" for item in items):
        raise error()
    return items


def _included(
    tree: SourceTree, top: str, includes: DockerIgnore, excludes: DockerIgnore, relative: str = ""
) -> Iterator[tuple[str, SourceEntry]]:
    """What `includes` matches and `excludes` does not, with the directories that lead to it."""
    for name, entry in tree.children(join(top, relative) if relative else top):
        path = f"{relative}/{name}" if relative else name
        is_in = includes.excludes(path) and not excludes.excludes(path)
        if entry.type != "dir":
            if is_in:
                yield path, entry
            continue
        if is_in:
            yield path, entry
        found = _included(tree, top, includes, excludes, path)
        for number, inside in enumerate(found):
            if number == 0 and not is_in:
                yield path, entry
            yield inside
