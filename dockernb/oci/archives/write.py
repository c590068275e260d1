"""Writes images as archives."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self

from ..compression import open_layer
from ..digest import sha256_digest
from ..manifest import OCI_CONFIG, OCI_MANIFEST, Descriptor, Index, Manifest
from ..reference import Reference

__all__ = ["SavedImage", "write_docker_archive", "write_oci_archive"]

_LAYOUT = b'{"imageLayoutVersion": "1.0.0"}'
# Of one layer: what lies in a store was checked when it came in.
_NO_LIMIT = 1 << 62
_CHUNK = 1 << 20


@dataclass(frozen=True)
class SavedImage:
    """An image to write.

    Args:
        names: As people write them, `debian:bookworm-slim`.
        config: The config's bytes; their digest is the image ID.
        layers: Base first: the blob, its diff ID, and the file that holds it.
    """

    names: tuple[str, ...]
    config: bytes
    layers: tuple[tuple[Descriptor, str, Path], ...]


def write_docker_archive(images: Sequence[SavedImage], out: BinaryIO) -> None:
    """What `docker save` writes and `docker load`, skopeo and podman read. Layers are plain tars.

    Moby's image spec v1.2, "Combined Image JSON + Filesystem Changeset Format".
    """
    with _Tar(out) as tar:
        manifest = []
        for image in images:
            name = f"{_digits(sha256_digest(image.config))}.json"
            tar.add_bytes(name, image.config)
            layers = [f"{_digits(diff_id)}/layer.tar" for _, diff_id, _ in image.layers]
            for layer, (_, _, path) in zip(layers, image.layers, strict=True):
                tar.add_plain_layer(layer, path)
            entry = {"Config": name, "RepoTags": list(image.names), "Layers": layers}
            manifest.append(entry)
        tar.add_bytes("manifest.json", json.dumps(manifest).encode())


def write_oci_archive(images: Sequence[SavedImage], out: BinaryIO) -> None:
    """A tar of an OCI image layout; with Docker's manifest.json, so that `docker load` reads it.

    Layers are as they are stored, compressed or not.
    """
    with _Tar(out) as tar:
        entries: list[Descriptor] = []
        docker: list[dict[str, object]] = []
        tar.add_bytes("oci-layout", _LAYOUT)
        for image in images:
            config = Descriptor(OCI_CONFIG, sha256_digest(image.config), len(image.config))
            manifest = Manifest(config, tuple(blob for blob, _, _ in image.layers)).to_bytes()
            described = Descriptor(OCI_MANIFEST, sha256_digest(manifest), len(manifest))
            for digest, data in ((config.digest, image.config), (described.digest, manifest)):
                tar.add_bytes(_blob(digest), data)
            for blob, _, path in image.layers:
                tar.add_file(_blob(blob.digest), path)
            entries += [_named(described, name) for name in image.names] or [described]
            layers = [_blob(blob.digest) for blob, _, _ in image.layers]
            names = list(image.names)
            docker.append({"Config": _blob(config.digest), "RepoTags": names, "Layers": layers})
        tar.add_bytes("index.json", Index(tuple(entries)).to_bytes())
        tar.add_bytes("manifest.json", json.dumps(docker).encode())


def _named(manifest: Descriptor, name: str) -> Descriptor:
    """With the annotations that containerd and others read."""
    reference = Reference.parse(name)
    annotations = {
        "io.containerd.image.name": str(reference),
        "org.opencontainers.image.ref.name": name,
    }
    return replace(manifest, annotations=annotations)


def _blob(digest: str) -> str:
    return f"blobs/sha256/{_digits(digest)}"


def _digits(digest: str) -> str:
    return digest.removeprefix("sha256:")


class _Tar:
    """A tar in which each name stands once. Times are zero: equal images make equal archives."""

    def __init__(self, out: BinaryIO) -> None:
        self._tar = tarfile.TarFile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT)
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def add_bytes(self, name: str, data: bytes) -> None:
        self._add(name, len(data), io.BytesIO(data))

    def add_file(self, name: str, path: Path) -> None:
        with path.open("rb") as file:
            self._add(name, path.stat().st_size, file)

    def add_plain_layer(self, name: str, path: Path) -> None:
        """Adds the layer's tar. Its length has to be known first, so it is unpacked twice."""
        if name in self._names:
            return
        size = 0
        with open_layer(path, limit=_NO_LIMIT) as stream:
            while data := stream.read(_CHUNK):
                size += len(data)
        with open_layer(path, limit=_NO_LIMIT) as stream:
            self._add(name, size, stream)

    def _add(self, name: str, size: int, content: BinaryIO) -> None:
        if name not in self._names:
            self._names.add(name)
            info = tarfile.TarInfo(name)
            info.size = size
            self._tar.addfile(info, content)
