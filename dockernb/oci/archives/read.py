"""Reads images from archives, which may come from anywhere.

What is in an archive is found by its name and checked by its digest; nothing is unpacked to a path
that an archive chose.
"""

from __future__ import annotations

import json
import posixpath
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from ...errors import OciError
from ..compression import open_layer
from ..config import ImageConfig
from ..digest import sha256_digest
from ..layout import ImageLayout
from ..manifest import OCI_LAYER, Descriptor, Index, Manifest, is_digest, parse_document

__all__ = ["ArchivedImage", "read_archive"]

_MOST_ENTRIES = 100_000
_MOST_DOCUMENT_BYTES = 8 << 20
_MOST_BYTES = 1 << 42
_MOST_LINKS = 8
_CHUNK = 1 << 20
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


@dataclass(frozen=True)
class ArchivedImage:
    """An image whose blobs are in the layout now.

    Args:
        names: As the archive gives them; not checked.
        config: The config's bytes, whose digest was checked where the archive names one.
        layers: The blobs, base first. Their diff IDs were not checked.
    """

    names: tuple[str, ...]
    config: bytes
    layers: tuple[Descriptor, ...]


def read_archive(file: Path, layout: ImageLayout) -> list[ArchivedImage]:
    """Takes the images of an archive (either format, compressed or not) into the layout.

    Raises:
        OciError: it is no such archive, or what is in it is broken or hostile. Blobs that were
            whole may stay in the layout; no image names them.
    """
    with _plain(file, layout) as plain, _opened(plain) as archive:
        found = _Archive(archive)
        if found.has("manifest.json"):
            return list(_docker_images(found, layout))
        if found.has("index.json"):
            return list(_oci_images(found, layout))
    raise OciError(f'"{file}" holds no image', rule="expected manifest.json or index.json in a tar")


@contextmanager
def _plain(file: Path, layout: ImageLayout) -> Iterator[Path]:
    """The tar itself; a compressed one is unpacked aside first, since it is read in any order."""
    with file.open("rb") as handle:
        head = handle.read(4)
    if not head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        yield file
        return
    with layout.new_blob() as aside, open_layer(file, limit=_MOST_BYTES) as stream:
        while data := stream.read(_CHUNK):
            aside.write(data)
        yield Path(f"/proc/self/fd/{aside.fileno()}")


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:", encoding="utf-8", errors="surrogateescape") as archive:
            yield archive
    except tarfile.TarError as err:
        raise OciError(f"the archive is broken: {err}") from err


class _Archive:
    """The entries of a tar by name."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._entries: dict[str, tarfile.TarInfo] = {}
        for count, member in enumerate(archive):
            if count >= _MOST_ENTRIES:
                raise OciError(f"the archive has more than {_MOST_ENTRIES:,} entries")
            self._entries[_clean(member.name)] = member

    def has(self, name: str) -> bool:
        return name in self._entries

    def document(self, name: str) -> bytes:
        """The bytes of a small file."""
        member = self._file(name)
        if member.size > _MOST_DOCUMENT_BYTES:
            raise OciError(f"{name!r} has more than {_MOST_DOCUMENT_BYTES:,} bytes")
        return self._open(member).read()

    def json(self, name: str) -> Any:
        try:
            return json.loads(self.document(name))
        except (ValueError, RecursionError) as err:
            raise OciError(f"{name!r} in the archive is no JSON") from err

    def copy(self, name: str, layout: ImageLayout, expected: str | None = None) -> Descriptor:
        """Makes the file a blob of the layout."""
        stream = self._open(self._file(name))
        with layout.new_blob() as blob:
            while data := stream.read(_CHUNK):
                blob.write(data)
            digest, size = blob.commit(expected)
        return Descriptor(OCI_LAYER, digest, size)

    def _file(self, name: str) -> tarfile.TarInfo:
        """The regular file; older archives name a layer that comes twice by a link."""
        path = _clean(name)
        for _ in range(_MOST_LINKS):
            member = self._entries.get(path)
            if member is None:
                raise OciError(f"{name!r} is not in the archive")
            if member.isreg():
                return member
            if member.issym():
                path = _clean(posixpath.join(posixpath.dirname(path), member.linkname))
            elif member.islnk():
                path = _clean(member.linkname)
            else:
                break
        raise OciError(f"{name!r} in the archive is no file")

    def _open(self, member: tarfile.TarInfo) -> BinaryIO:
        return cast("BinaryIO", self._archive.extractfile(member))


def _docker_images(archive: _Archive, layout: ImageLayout) -> Iterator[ArchivedImage]:
    for entry in _list(archive.json("manifest.json")):
        if not isinstance(entry, dict) or not isinstance(entry.get("Config"), str):
            raise OciError("manifest.json of the archive is broken")
        config = archive.document(entry["Config"])
        named = posixpath.basename(entry["Config"]).removesuffix(".json")
        if is_digest(f"sha256:{named}") and sha256_digest(config) != f"sha256:{named}":
            raise OciError(f"a config has the digest {sha256_digest(config)}", rule=f"not {named}")
        diff_ids = ImageConfig.from_bytes(config).diff_ids
        paths = [str(path) for path in _list(entry.get("Layers"))]
        _check_count(paths, diff_ids)
        layers = tuple(archive.copy(path, layout) for path in paths)
        names = tuple(str(name) for name in _list(entry.get("RepoTags")))
        yield ArchivedImage(names, config, layers)


def _oci_images(archive: _Archive, layout: ImageLayout) -> Iterator[ArchivedImage]:
    index = parse_document(archive.document("index.json"))
    if not isinstance(index, Index):
        raise OciError("index.json of the archive is no index")
    for descriptor in index.manifests:
        data = _blob(archive, descriptor)
        manifest = parse_document(data, descriptor.media_type)
        if not isinstance(manifest, Manifest):
            raise OciError(
                "the archive holds an image for several platforms",
                hint="Save one of them: `docker save --platform linux/amd64`, or skopeo.",
            )
        config = _blob(archive, manifest.config)
        _check_count(manifest.layers, ImageConfig.from_bytes(config).diff_ids)
        layers = tuple(_layer(archive, layer, layout) for layer in manifest.layers)
        names = [descriptor.annotations[key] for key in _NAMES if key in descriptor.annotations]
        yield ArchivedImage(tuple(names[:1]), config, layers)


def _blob(archive: _Archive, descriptor: Descriptor) -> bytes:
    data = archive.document(f"blobs/sha256/{descriptor.digest.removeprefix('sha256:')}")
    if (found := sha256_digest(data)) != descriptor.digest:
        raise OciError(f"a blob has the digest {found}", rule=f"expected {descriptor.digest}")
    return data


def _layer(archive: _Archive, layer: Descriptor, layout: ImageLayout) -> Descriptor:
    path = f"blobs/sha256/{layer.digest.removeprefix('sha256:')}"
    copied = archive.copy(path, layout, layer.digest)
    return Descriptor(layer.media_type, copied.digest, copied.size)


def _check_count(layers: list[str] | tuple[Descriptor, ...], diff_ids: tuple[str, ...]) -> None:
    if len(layers) != len(diff_ids):
        raise OciError(
            f"an image of the archive has {len(layers)} layers",
            rule=f"its config speaks of {len(diff_ids)}",
        )


def _clean(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
