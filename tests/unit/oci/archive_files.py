"""Small images and archives of them, well-formed or not, for the tests of this folder."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import zstandard

from dockernb.oci.archives import StoredImage, StoredLayer, stored_image
from dockernb.oci.config import ImageConfig, RuntimeConfig
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
)

COMPRESSIONS = ("none", "gzip", "zstd")
LAYER_TYPES = {"none": OCI_LAYER, "gzip": OCI_LAYER_GZIP, "zstd": OCI_LAYER_ZSTD}
MARKER = b'{"imageLayoutVersion": "1.0.0"}'


@dataclass(frozen=True)
class Link:
    """A link in an archive; hard if it is not symbolic."""

    target: str
    symbolic: bool = True


#: What a member holds: bytes of a file, None for a folder, or a header of its own.
Content = bytes | None | Link | tarfile.TarInfo


def tar_of(
    members: Mapping[str, Content] | Iterable[tuple[str, Content]],
    *,
    form: int = tarfile.PAX_FORMAT,
) -> bytes:
    """A tar, for archives and for layers."""
    out = io.BytesIO()
    items = members.items() if isinstance(members, Mapping) else members
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in items:
            member = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
                continue
            if isinstance(content, tarfile.TarInfo):
                member = content
            elif isinstance(content, Link):
                member.type = tarfile.SYMTYPE if content.symbolic else tarfile.LNKTYPE
                member.linkname = content.target
            else:
                member.type = tarfile.DIRTYPE
            tar.addfile(member)
    return out.getvalue()


def compressed(data: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    return zstandard.ZstdCompressor().compress(data) if how == "zstd" else data


LAYERS = (tar_of({"etc/": None, "etc/one": b"1"}), tar_of({"two": b"22" * 5000}))


def config_of(layers: Iterable[bytes], **runtime: Any) -> bytes:
    """The image config of plain layers."""
    diff_ids = tuple(map(sha256_digest, layers))
    return ImageConfig(runtime=RuntimeConfig(**runtime), diff_ids=diff_ids).to_bytes()


def descriptor_of(data: bytes, media_type: str, **fields: Any) -> Descriptor:
    return Descriptor(media_type, sha256_digest(data), len(data), **fields)


def store(
    layout: ImageLayout,
    layers: Iterable[bytes] = LAYERS,
    names: tuple[str, ...] = (),
    compression: str = "none",
    **runtime: Any,
) -> StoredImage:
    """An image in `layout` with its layers compressed."""
    layers = tuple(layers)
    config = config_of(layers, **runtime)
    blobs = [compressed(layer, compression) for layer in layers]
    for blob in (config, *blobs):
        layout.put_bytes(blob)
    described = [descriptor_of(blob, LAYER_TYPES[compression]) for blob in blobs]
    manifest = Manifest(descriptor_of(config, OCI_CONFIG), tuple(described)).to_bytes()
    layout.put_bytes(manifest)
    stored = map(StoredLayer, described, map(sha256_digest, layers))
    return StoredImage(
        names, config, manifest, descriptor_of(manifest, OCI_MANIFEST), tuple(stored)
    )


def with_docker_types(layout: ImageLayout, image: StoredImage) -> StoredImage:
    """The image as Docker pushes it: gzip layers, and a manifest with Docker's media types."""
    document = json.loads(image.manifest)
    document["mediaType"] = DOCKER_MANIFEST
    document["config"]["mediaType"] = DOCKER_CONFIG
    for layer in document["layers"]:
        layer["mediaType"] = DOCKER_LAYER_GZIP
    manifest = json.dumps(document).encode()
    layout.put_bytes(manifest)
    return stored_image(layout, descriptor_of(manifest, DOCKER_MANIFEST), image.names)


def docker_members(
    layers: Iterable[bytes] = LAYERS, tags: Any = ("first:1",), config: bytes | None = None
) -> dict[str, Content]:
    """The members of a docker-archive, as Docker 24 orders them: its manifest comes last."""
    layers = tuple(layers)
    config = config_of(layers) if config is None else config
    members: dict[str, Content] = {}
    for number, layer in enumerate(layers):
        members[f"layer{number}/"] = None
        members[f"layer{number}/layer.tar"] = layer
    name = hex_of(config) + ".json"
    members[name] = config
    members["manifest.json"] = docker_manifest(name, len(layers), tags)
    return members


def docker_manifest(config: str, layers: int, tags: Any = ("first:1",)) -> bytes:
    names = [f"layer{number}/layer.tar" for number in range(layers)]
    return json.dumps([{"Config": config, "RepoTags": tags, "Layers": names}]).encode()


def oci_members(
    layers: Iterable[bytes] = LAYERS,
    *,
    compression: str = "none",
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Content]:
    """The members of an OCI archive of one image."""
    layers = tuple(layers)
    config = config_of(layers)
    blobs = [compressed(layer, compression) for layer in layers]
    described = tuple(descriptor_of(blob, LAYER_TYPES[compression]) for blob in blobs)
    manifest = Manifest(descriptor_of(config, OCI_CONFIG), described).to_bytes()
    entry = descriptor_of(manifest, OCI_MANIFEST, annotations=annotations or {})
    return {
        "oci-layout": MARKER,
        "index.json": index_of(entry),
        **blob_members(*blobs, config, manifest),
    }


def blob_members(*blobs: bytes) -> dict[str, Content]:
    return {f"blobs/sha256/{hex_of(blob)}": blob for blob in blobs}


def index_of(*entries: Descriptor) -> bytes:
    manifests = [entry.to_json() for entry in entries]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def hex_of(data: bytes) -> str:
    return sha256_digest(data).removeprefix("sha256:")


def members_of(archive: bytes) -> dict[str, bytes]:
    """The files of an archive by name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name: content.read() for member in tar if (content := tar.extractfile(member))
        }


def files_in(layout: ImageLayout) -> list[str]:
    """All that a layout holds beside its own documents."""
    kept = {"oci-layout", "index.json", "lock", "index.lock"}
    found = (path for path in layout.folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(layout.folder)) for path in found if path.name not in kept)
