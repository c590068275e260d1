"""What each layer of an image changed, from the archive that the engine saves: read, not kept.

The archive is read as it comes (docker-archive: `manifest.json` names the layers in order, last or
first). Contents are passed over. A layer is a tar; `.wh.NAME` in it takes NAME away, `.wh..wh..opq`
all that the layers below have in the folder (OCI image specification, "Layer Changesets").
"""

from __future__ import annotations

import json
import os
import posixpath
import tarfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, BinaryIO

from ..engines.base import Engine, OnProgress
from ..errors import DockernbError, LookError
from ..oci.diff import DiffEntry
from .entries import MAX_ENTRIES, entry_of

__all__ = ["layer_changes"]

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_LARGEST_DOCUMENT = 8 << 20


def layer_changes(
    engine: Engine, image_id: str, on_progress: OnProgress, cancel: threading.Event
) -> list[tuple[DiffEntry, ...]]:
    """The changes of each layer, the lowest first.

    Raises:
        LookError: the archive is not understood, or has too many entries.
        BuildInterruptedError: `cancel` was set.
        EngineError: the engine cannot save the image.
    """
    with _saved(engine, image_id, on_progress, cancel) as stream:
        try:
            with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as archive:
                layers, order = _read(archive)
        except tarfile.TarError as err:
            raise LookError(f"the layers of the image cannot be read: {err}") from err
        # The engine's own error, if it ended early, is raised when the block ends.
    return list(_in_order([layers.get(name, ()) for name in order]))


# Name and entry of what stands in a layer, whiteouts included.
_Raw = Sequence[tuple[str, DiffEntry]]


def _read(archive: tarfile.TarFile) -> tuple[dict[str, _Raw], list[str]]:
    layers: dict[str, _Raw] = {}
    links: dict[str, str] = {}
    order: list[str] = []
    left = MAX_ENTRIES
    for member in archive:
        archive.members = []  # type: ignore[attr-defined]  # it would keep them all
        name = posixpath.normpath(member.name)
        if member.issym() or member.islnk():
            folder = posixpath.dirname(name) if member.issym() else ""
            links[name] = posixpath.normpath(posixpath.join(folder, member.linkname))
            continue
        file = archive.extractfile(member) if member.isreg() else None
        if file is None:
            continue
        if name == "manifest.json":
            order = _order(file, member.size)
            continue
        found = _layer(file, left)
        if found is not None:
            layers[name] = found
            left -= len(found)
    return layers, [links.get(name, name) for name in order]


def _order(file: IO[bytes], size: int) -> list[str]:
    if size > _LARGEST_DOCUMENT:
        raise LookError("the image's archive has a manifest that is too large")
    try:
        names = json.loads(file.read())[0]["Layers"]
        return [posixpath.normpath(str(name)) for name in names]
    except (ValueError, KeyError, IndexError, TypeError) as err:
        raise LookError("the image's archive has no manifest that names its layers") from err


def _layer(file: IO[bytes], limit: int) -> _Raw | None:
    """The entries of a layer; None: the file is no tar."""
    found: list[tuple[str, DiffEntry]] = []
    try:
        with tarfile.open(fileobj=file, mode="r|*", errors="surrogateescape") as layer:
            for member in layer:
                layer.members = []  # type: ignore[attr-defined]
                if len(found) >= limit:
                    raise LookError(f"the image has more than {MAX_ENTRIES:,} files")
                path = posixpath.normpath("/" + member.name.lstrip("/"))
                entry = entry_of(member, path, {})
                size = 0 if entry.is_hard_link else entry.size
                change = DiffEntry(path, "A", entry.type, size, entry.link_target)
                found.append((posixpath.basename(path), change))
    except tarfile.ReadError:
        return found or None
    return found


def _in_order(layers: Sequence[_Raw]) -> Iterator[tuple[DiffEntry, ...]]:
    """The same as changes against what the layers below have."""
    tree = _Tree()
    for layer in layers:
        # Whiteouts first: they take away only what the layers below have.
        gone = [change for name, entry in layer for change in tree.whiteout(name, entry)]
        made = [change for name, entry in layer for change in tree.put(name, entry)]
        yield tuple(sorted([*gone, *made], key=lambda change: change.path))


class _Tree:
    """What the layers so far have."""

    def __init__(self) -> None:
        self._there: dict[str, DiffEntry] = {}
        self._names: dict[str, set[str]] = {}  # of each folder

    def whiteout(self, name: str, entry: DiffEntry) -> list[DiffEntry]:
        """What an entry takes away."""
        folder = posixpath.dirname(entry.path)
        if name == _OPAQUE:
            names = sorted(self._names.get(folder, ()))
        elif name.startswith(_WHITEOUT):
            names = [name.removeprefix(_WHITEOUT)]
        else:
            return []
        paths = [posixpath.join(folder, each) for each in names]
        changes = [DiffEntry(p, "D", self._there[p].type) for p in paths if p in self._there]
        for change in changes:
            self._lose(change.path)
        return changes

    def put(self, name: str, entry: DiffEntry) -> list[DiffEntry]:
        """What an entry adds or changes."""
        if name.startswith(_WHITEOUT) or entry.path == "/":
            return []
        before = self._there.get(entry.path)
        if before is not None and before.type == "dir":
            if entry.type == "dir":
                return []  # a folder stands in every layer that has something below it
            self._lose(entry.path)
        self._there[entry.path] = entry
        self._names.setdefault(posixpath.dirname(entry.path), set()).add(name)
        return [entry if before is None else entry._replace(change="M")]

    def _lose(self, path: str) -> None:
        left = [path]
        while left:
            lost = left.pop()
            left += [posixpath.join(lost, name) for name in self._names.pop(lost, ())]
            self._there.pop(lost, None)
        self._names.get(posixpath.dirname(path), set()).discard(posixpath.basename(path))


@contextmanager
def _saved(
    engine: Engine, image_id: str, on_progress: OnProgress, cancel: threading.Event
) -> Iterator[BinaryIO]:
    """The archive of an image as a stream; what the engine raises is raised when the block ends."""
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def save() -> None:
        try:
            with os.fdopen(writing, "wb") as out:
                engine.save([image_id], out, "docker", on_progress, cancel)
        except BaseException as error:  # noqa: BLE001 - it is raised in the other thread
            failures.append(error)

    thread = threading.Thread(target=save, name="dockernb-layers", daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as stream:
            yield stream
            while stream.read(1 << 20):  # what stands behind the archive's end
                pass
    except LookError:
        if failures and isinstance(failures[0], DockernbError):
            raise failures[0] from None
        raise
    finally:
        thread.join(timeout=5)
    if failures:
        raise failures[0]
