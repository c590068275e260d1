"""An OCI image layout on disk: blobs by digest, and an index that names images.

Follows image-layout.md of the OCI image specification. Several processes may use one layout: a blob
appears whole or not at all, and the index is changed under a lock that dies with its owner.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import OciError
from .atomic import sync_folder, write_atomically
from .digest import sha256_digest
from .locks import is_locked, locked
from .manifest import Descriptor, Index, is_digest, parse_document

__all__ = ["BlobWriter", "ImageLayout"]

_VERSION = "1.0.0"
_NAME = "org.opencontainers.image.ref.name"
_MOST_INDEX_BYTES = 64 << 20


class BlobWriter:
    """A blob that is being written. It is locked, so that nobody takes it for a leftover."""

    def __init__(self, layout: ImageLayout, file: Path) -> None:
        self._layout = layout
        self._file = file
        self._handle = file.open("xb", buffering=0)
        self._lock = locked(file, exclusive=True)
        self._lock.__enter__()
        self._digest = hashlib.sha256()
        self._length = 0

    def fileno(self) -> int:
        """The open file, for somebody who writes by himself; then end with `commit_written`."""
        return self._handle.fileno()

    def write(self, data: bytes) -> None:
        """Adds to the blob."""
        self._digest.update(data)
        self._length += len(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._handle.write(rest) :]

    def commit(self, expected: str | None = None) -> tuple[str, int]:
        """Makes what was written a blob; returns its digest and its bytes.

        Raises:
            OciError: its digest is not the `expected` one.
        """
        digest = f"sha256:{self._digest.hexdigest()}"
        if expected is not None and digest != expected:
            raise OciError(f"a blob has the digest {digest}", rule=f"expected {expected}")
        self.commit_written(digest, self._length)
        return digest, self._length

    def commit_written(self, digest: str, length: int) -> None:
        """Makes the file a blob; who wrote it vouches for digest and length."""
        os.fsync(self._handle.fileno())
        if (found := os.fstat(self._handle.fileno()).st_size) != length:
            raise OciError(f"the blob {digest} has {found:,} bytes", rule=f"expected {length:,}")
        self._layout.adopt(self._file, digest)

    def discard(self) -> None:
        """Ends it; what was not made a blob is removed."""
        self._lock.__exit__(None, None, None)
        self._handle.close()
        self._file.unlink(missing_ok=True)


class ImageLayout:
    """The layout in `folder`, which is made if it is not there.

    Raises:
        OciError: it is a layout of another version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs" / "sha256"
        self._tmp = folder / "tmp"
        for made in (self._blobs, self._tmp):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._check_version()

    # --- blobs -----------------------------------------------------------------------------------
    def blob_path(self, digest: str) -> Path:
        """Where the blob is, or would be.

        Raises:
            OciError: `digest` is none.
        """
        if not is_digest(digest):
            raise OciError(f"{digest[:100]!r} is no digest", rule="expected sha256:...")
        return self._blobs / digest.removeprefix("sha256:")

    def has_blob(self, digest: str) -> bool:
        """Whether the blob is there."""
        return self.blob_path(digest).exists()

    def read_blob(self, digest: str, *, limit: int) -> bytes:
        """The bytes of a blob.

        Raises:
            OciError: it is not there, has more than `limit` bytes, or is damaged.
        """
        try:
            with self.blob_path(digest).open("rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError as err:
            raise OciError(f"there is no blob {digest}") from err
        if len(data) > limit:
            raise OciError(f"the blob {digest} has more than {limit:,} bytes")
        if (found := sha256_digest(data)) != digest:
            raise OciError(f"a blob has the digest {found}", rule=f"expected {digest}")
        return data

    def put_bytes(self, data: bytes) -> str:
        """Makes `data` a blob, if it is none; returns its digest."""
        digest = sha256_digest(data)
        if not self.has_blob(digest):
            with self.new_blob() as blob:
                blob.write(data)
                blob.commit(digest)
        return digest

    @contextmanager
    def new_blob(self) -> Iterator[BlobWriter]:
        """A blob to write; what is not committed when the block ends, is gone."""
        writer = BlobWriter(self, self._tmp / secrets.token_hex(8))
        try:
            yield writer
        finally:
            writer.discard()

    def adopt(self, file: Path, digest: str) -> None:
        """Makes a synced file, whose digest somebody has checked, a blob. The file is moved."""
        file.replace(self.blob_path(digest))
        sync_folder(self._blobs)

    def remove_leftovers(self) -> None:
        """Removes files of writers that did not live to end."""
        for file in self._tmp.iterdir():
            if not is_locked(file):
                file.unlink(missing_ok=True)

    # --- names -----------------------------------------------------------------------------------
    def names(self) -> dict[str, Descriptor]:
        """Name -> manifest."""
        return {
            entry.annotations[_NAME]: entry
            for entry in self._index().manifests
            if _NAME in entry.annotations
        }

    def set_name(self, name: str, manifest: Descriptor) -> None:
        """Names a manifest; another one loses the name."""
        named = replace(manifest, annotations={**manifest.annotations, _NAME: name})
        with self._changing():
            self._write([*self._without(name), named])

    def remove_name(self, name: str) -> None:
        """Takes a name away."""
        with self._changing():
            self._write(self._without(name))

    def _without(self, name: str) -> list[Descriptor]:
        entries = self._index().manifests
        return [entry for entry in entries if entry.annotations.get(_NAME) != name]

    def _index(self) -> Index:
        try:
            data = (self._folder / "index.json").read_bytes()
        except FileNotFoundError:
            return Index()
        if len(data) > _MOST_INDEX_BYTES:
            raise OciError(f"the index of {self._folder} has more than {_MOST_INDEX_BYTES:,} bytes")
        index = parse_document(data)
        if not isinstance(index, Index):
            raise OciError(f"index.json of {self._folder} is no index")
        return index

    def _write(self, entries: list[Descriptor]) -> None:
        write_atomically(self._folder / "index.json", Index(tuple(entries)).to_bytes())

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with locked(self._folder / "index.lock", exclusive=True):
            yield

    def _check_version(self) -> None:
        file = self._folder / "oci-layout"
        try:
            found = json.loads(file.read_bytes())["imageLayoutVersion"]
        except FileNotFoundError:
            write_atomically(file, json.dumps({"imageLayoutVersion": _VERSION}).encode())
            return
        except (ValueError, KeyError, TypeError):
            found = "unknown"
        if found != _VERSION:
            raise OciError(
                f"the image layout {self._folder} has version {found}", rule=f"expected {_VERSION}"
            )
