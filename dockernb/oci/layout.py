"""An OCI image layout on disk (image-layout.md of the OCI image specification).

    oci-layout          {"imageLayoutVersion": "1.0.0"}
    index.json          the images by name
    blobs/sha256/HEX    manifests, configs, layers
    tmp/                what is being written; not part of the specification, which allows it
    lock, index.lock    empty; held with flock

A file appears under its final name only when all of it is on the disk. Any number of processes may
use a layout at once.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import OciError
from .blob_writer import BlobWriter
from .digest import sha256_digest
from .durable import sync_file, sync_folder
from .folder_lock import FolderLock
from .json_document import parse_object, quoted
from .layout_index import REF_NAME, encode_index, named, new_index, parse_index, without
from .manifest import Descriptor, is_digest
from .temporary import TemporaryFiles

__all__ = ["IMAGE_LAYOUT_VERSION", "LAYOUT_MARKER", "ImageLayout", "check_layout_version"]

IMAGE_LAYOUT_VERSION = "1.0.0"
LAYOUT_MARKER = b'{"imageLayoutVersion":"1.0.0"}'
_LARGEST_INDEX = 16 << 20
_PIECE = 1 << 20


def check_layout_version(data: bytes, shown: str) -> None:
    """Refuses an `oci-layout` file of another version.

    Raises:
        OciError: It names none, or one that we do not know.
    """
    found = parse_object(data, shown).get("imageLayoutVersion")
    if found != IMAGE_LAYOUT_VERSION:
        raise OciError(
            f"{shown} has the image layout version {quoted(found)}",
            rule=f'The version that dockernb reads and writes is "{IMAGE_LAYOUT_VERSION}".',
            state="Nothing was changed.",
            hint="Use a newer dockernb, or another folder or archive.",
        )


class ImageLayout:
    """Opens the layout in `folder`, or creates it there.

    Raises:
        OciError: What is there is a layout of another version, or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._blobs = self.folder / "blobs" / "sha256"
        self._marker = self.folder / "oci-layout"
        self._index = self.folder / "index.json"
        self._lock = FolderLock(self.folder / "lock")
        self._index_lock = FolderLock(self.folder / "index.lock")
        self._temporary = TemporaryFiles(self.folder / "tmp")
        if not self._marker.exists():
            self._create()
        check_layout_version(_read(self._marker, _LARGEST_INDEX), f'"{self._marker}"')
        self._read_index()

    def blob_path(self, digest: str) -> Path:
        """Where the blob is, or would be.

        Raises:
            OciError: `digest` is none that we can check; it is never used as a path then.
        """
        if not is_digest(digest):
            raise OciError(f"{quoted(digest)} is no digest", rule="A digest is sha256:<64 hex>.")
        return self._blobs / digest.removeprefix("sha256:")

    def has_blob(self, digest: str) -> bool:
        return self.blob_path(digest).is_file()

    def read_blob(self, digest: str, *, limit: int) -> bytes:
        """The bytes of a blob, which are what its digest says.

        Args:
            limit: More bytes than that are refused.

        Raises:
            OciError: It is not there, too large, or damaged.
        """
        data = _read(self.blob_path(digest), limit)
        found = sha256_digest(data)
        if found != digest:
            raise OciError(
                f'the blob "{digest}" in "{self.folder}" is damaged: its digest is {found}',
                hint=f"Remove the file {self.blob_path(digest)} and fetch or build it again.",
            )
        return data

    def put_bytes(self, data: bytes) -> str:
        """Stores a blob unless it is there; returns its digest."""
        digest = sha256_digest(data)
        if not self._is_whole(digest, len(data)):
            with self.new_blob() as blob:
                blob.write(data)
                blob.commit(digest)
        return digest

    @contextmanager
    def new_blob(self) -> Iterator[BlobWriter]:
        """Writes a blob whose digest is not known yet; without `commit`, nothing is left of it."""
        with self._temporary.file() as (path, file):
            yield BlobWriter(file, lambda digest, size: self._place(path, digest, size))

    def temporary_folder(self) -> AbstractContextManager[Path]:
        """A folder on the same disk, for files that `adopt` may move in later."""
        return self._temporary.subfolder()

    def adopt(self, path: Path, digest: str) -> None:
        """Makes a blob of the file at `path`, which is moved.

        The caller has checked that its digest is `digest`; a file on another file system is read
        anyway, and checked again.
        """
        with path.open("rb") as file:
            sync_file(file)
            size = os.fstat(file.fileno()).st_size
            try:
                self._place(path, digest, size)
            except OSError as err:
                if err.errno != errno.EXDEV:
                    raise
                with self.new_blob() as blob:
                    while piece := file.read(_PIECE):
                        blob.write(piece)
                    blob.commit(digest)
        path.unlink(missing_ok=True)

    def names(self) -> dict[str, Descriptor]:
        """The manifests that have a name (annotation `org.opencontainers.image.ref.name`)."""
        return named(self._read_index())

    def set_name(self, name: str, manifest: Descriptor) -> None:
        """Gives `manifest`, whose blob is there, a name; takes it from what had it before."""
        if not name or not self.has_blob(manifest.digest):
            raise OciError(
                f'"{manifest.digest}" cannot be named {quoted(name)}',
                rule="A name is not empty, and what it names is stored first.",
                state="The names are as before.",
            )
        entry = replace(manifest, annotations={**manifest.annotations, REF_NAME: name})
        with self._changing_index() as index:
            index.update(without(index, name))
            index["manifests"].append(entry.to_json())

    def remove_name(self, name: str) -> bool:
        """Takes a name away; its blobs stay. Whether there was one."""
        with self._changing_index() as index:
            before = len(index["manifests"])
            index.update(without(index, name))
            return len(index["manifests"]) != before

    def lock(self, *, shared: bool = False) -> AbstractContextManager[None]:
        """Keeps others from changing the layout; dies with its owner.

        Shared: blobs that nothing names yet are not collected meanwhile; several may add blobs and
        set names at once. Alone (to remove blobs): nobody else does either.
        """
        return self._lock.held(shared=shared)

    def stray_files(self) -> tuple[Path, ...]:
        """Temporary files and folders whose writers are dead."""
        return self._temporary.strays()

    def clean_tmp(self) -> int:
        """Removes the stray files; returns how many. What is being written is left alone."""
        return self._temporary.clean()

    def _create(self) -> None:
        self._blobs.mkdir(parents=True, exist_ok=True)
        with self._index_lock.held():
            if not self._index.exists():
                self._replace(self._index, encode_index(new_index()))
            # The marker comes last: where it is, the layout is complete.
            if not self._marker.exists():
                self._replace(self._marker, LAYOUT_MARKER)

    def _read_index(self) -> dict[str, Any]:
        return parse_index(_read(self._index, _LARGEST_INDEX), f'"{self._index}"')

    @contextmanager
    def _changing_index(self) -> Iterator[dict[str, Any]]:
        with self._lock.held(shared=True), self._index_lock.held():
            before = _read(self._index, _LARGEST_INDEX)
            index = parse_index(before, f'"{self._index}"')
            yield index
            after = encode_index(index)
            if after != before:
                self._replace(self._index, after)

    def _replace(self, path: Path, data: bytes) -> None:
        with self._temporary.file() as (temporary, file):
            file.write(data)
            sync_file(file)
            temporary.replace(path)
        sync_folder(path.parent)

    def _place(self, path: Path, digest: str, size: int) -> None:
        target = self.blob_path(digest)
        # A file of another size was cut off by a crash of the whole machine: it is replaced.
        if not self._is_whole(digest, size):
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        sync_folder(target.parent)

    def _is_whole(self, digest: str, size: int) -> bool:
        try:
            found = self.blob_path(digest).stat()
        except FileNotFoundError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == size


def _read(path: Path, limit: int) -> bytes:
    """A regular file of at most `limit` bytes."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise OciError(f'"{path}" is missing', rule="An image layout holds it.") from None
    if not stat.S_ISREG(found.st_mode):
        raise OciError(f'"{path}" is no regular file')
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OciError(f'"{path}" is too large', rule=f"At most {limit:,} bytes are read here.")
    return data
