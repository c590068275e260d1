"""Finds the images in an OCI archive, the tar of an image layout (image-layout.md)."""

from __future__ import annotations

from dataclasses import replace

from ...errors import OciError
from ..config import Platform
from ..json_document import quoted
from ..layout import check_layout_version
from ..layout_index import REF_NAME
from ..manifest import OCI_INDEX, Descriptor, Index, Manifest, parse_document
from .found_image import FoundImage, FoundLayer
from .images import diff_ids_of
from .limits import Limits
from .names import full_names
from .save import CONTAINERD_NAME
from .spool import Spool, SpooledFile

__all__ = ["INDEX", "MARKER", "oci_images"]

MARKER = "oci-layout"
INDEX = "index.json"
_DEEPEST_INDEX = 4
# BuildKit's attestations are manifests, too, but no images.
_ATTESTATION = "vnd.docker.reference.type"


def oci_images(spool: Spool, limits: Limits, platform: Platform) -> list[FoundImage]:
    """The images in the order in which index.json has them; one for `platform` of each index.

    Raises:
        OciError: A document is broken, or a blob that it names is missing or not what it says.
    """
    check_layout_version(spool.read(spool.find(MARKER), f'"{MARKER}"'), f'"{MARKER}"')
    index = parse_document(spool.read(spool.find(INDEX), f'"{INDEX}"'), OCI_INDEX)
    if not isinstance(index, Index) or len(index.manifests) > limits.images:
        raise OciError(f'"{INDEX}" is no index of at most {limits.images:,} images')
    found: dict[str, FoundImage] = {}
    for entry in index.manifests:
        if _ATTESTATION in entry.annotations:
            continue
        image = _image(spool, entry, limits, platform)
        same = found.get(image.descriptor.digest)
        names = dict.fromkeys((*(same.names if same else ()), *_names(entry)))
        found[image.descriptor.digest] = replace(image, names=tuple(names))
    return list(found.values())


def _image(spool: Spool, entry: Descriptor, limits: Limits, platform: Platform) -> FoundImage:
    for _ in range(_DEEPEST_INDEX):
        data = spool.read(_blob(spool, entry), f'the manifest "{entry.digest}"')
        document = parse_document(data, entry.media_type)
        if isinstance(document, Manifest):
            return _from_manifest(spool, entry, data, document, limits)
        entry = _chosen(document, platform, entry.digest)
    raise OciError(f'"{entry.digest}" is an index in an index in an index, and so on')


def _from_manifest(
    spool: Spool, entry: Descriptor, data: bytes, manifest: Manifest, limits: Limits
) -> FoundImage:
    if len(manifest.layers) > limits.layers:
        raise OciError(
            f'the manifest "{entry.digest}" has {len(manifest.layers):,} layers',
            rule=f"An image has at most {limits.layers:,} layers.",
        )
    config = _blob(spool, manifest.config)
    config_data = spool.read(config, f'the image config "{config.digest}"')
    diff_ids = diff_ids_of(manifest, config_data)
    files = [_blob(spool, layer) for layer in manifest.layers]
    descriptor = Descriptor(manifest.media_type, entry.digest, entry.size, entry.platform)
    return FoundImage((), data, descriptor, config, tuple(map(FoundLayer, files, diff_ids)))


def _blob(spool: Spool, descriptor: Descriptor) -> SpooledFile:
    name = "blobs/sha256/" + descriptor.digest.removeprefix("sha256:")
    file = spool.find(name)
    # A link may lead to another blob's file.
    if (file.digest, file.size) != (descriptor.digest, descriptor.size):
        raise OciError(
            f'the blob "{descriptor.digest}" of {descriptor.size:,} bytes is, in the archive, '
            f'"{file.digest}" of {file.size:,} bytes',
            hint="Save or fetch the archive again.",
        )
    return file


def _chosen(index: Index, platform: Platform, digest: str) -> Descriptor:
    """The image for `platform`; of an index with one image, that one."""
    images = [entry for entry in index.manifests if _ATTESTATION not in entry.annotations]
    fitting = [entry for entry in images if _fits(entry.platform, platform)]
    if len(images) == 1 or fitting:
        return (fitting or images)[0]
    there = ", ".join(sorted({quoted(str(entry.platform)) for entry in images})[:20])
    raise OciError(
        f'the index "{digest}" of the archive has no image for "{platform}"',
        rule=f"It has: {there or 'none'}.",
    )


def _fits(found: Platform | None, wanted: Platform) -> bool:
    if found is None or (found.os, found.architecture) != (wanted.os, wanted.architecture):
        return False
    return not wanted.variant or found.variant == wanted.variant


def _names(entry: Descriptor) -> tuple[str, ...]:
    """The name for containerd, else the reference name, which may be a bare tag."""
    name = entry.annotations.get(CONTAINERD_NAME)
    if name is not None:
        return full_names([name], f'"{INDEX}"')
    name = entry.annotations.get(REF_NAME, "")
    try:
        return full_names([name], f'"{INDEX}"') if "/" in name or ":" in name else ()
    except OciError:
        # annotations.md lets it be any text.
        return ()
