"""Images from an archive into an image layout.

Nothing of an archive is believed: it is spooled below the layout's `tmp/`, every digest and diff ID
is checked, and only then blobs are moved in, manifests last.
"""

from __future__ import annotations

import hashlib

from ...errors import OciError
from ..compression import Readable, open_layer, open_stream
from ..config import Platform
from ..layout import ImageLayout
from .docker_archive import MANIFEST, docker_images
from .found_image import FoundImage, FoundLayer
from .images import LoadedImage
from .limits import Limits
from .oci_archive import INDEX, MARKER, oci_images
from .spool import Spool, SpooledFile

__all__ = ["load"]

_PIECE = 1 << 20
_DEFAULT_LIMITS = Limits()
_DEFAULT_PLATFORM = Platform()


def load(
    file: Readable,
    into: ImageLayout,
    *,
    limits: Limits = _DEFAULT_LIMITS,
    platform: Platform = _DEFAULT_PLATFORM,
) -> list[LoadedImage]:
    """Stores the images of a docker-archive or an OCI archive, told by their content.

    The archive is plain, or compressed with gzip or zstd, and is read forwards: a pipe will do.
    The layout gets no names: hold its lock shared around this and `set_name`, so that the blobs
    are not collected in between.

    Args:
        platform: Which image is taken of one that the archive has for several platforms.

    Raises:
        OciError: It is no image archive, damaged, or not within the limits. Nothing was stored.
    """
    try:
        with into.temporary_folder() as folder:
            spool = Spool(folder, limits)
            with open_stream(file, limit=limits.archive, shown="the archive") as stream:
                spool.fill(stream)
            images = _images(spool, limits, platform)
            _check_layers(images, limits)
            with into.lock(shared=True):
                return [_store(image, into) for image in images]
    except OciError as err:
        err.state = err.state or "Nothing was loaded."
        raise


def _images(spool: Spool, limits: Limits, platform: Platform) -> list[FoundImage]:
    # Docker since 25 writes both forms into one archive; the manifests are in OCI's only.
    if spool.has(MARKER) and spool.has(INDEX):
        images = oci_images(spool, limits, platform)
    elif spool.has(MANIFEST):
        images = docker_images(spool, limits)
    else:
        raise OciError(
            "the archive holds no images",
            rule=f'A docker-archive has "{MANIFEST}", an OCI archive "{MARKER}" and "{INDEX}".',
            hint="A tar of a container (docker export) is no image: docker import makes one.",
        )
    if not images:
        raise OciError("the archive holds no images", rule="Its list of images is empty.")
    return images


def _check_layers(images: list[FoundImage], limits: Limits) -> None:
    """Refuses a layer whose uncompressed tar is not what the image config says."""
    known: dict[str, str] = {}
    for image in images:
        for layer in image.layers:
            if layer.file.digest not in known:
                known[layer.file.digest] = _diff_id(layer, limits)
            if known[layer.file.digest] != layer.diff_id:
                raise OciError(
                    f'the layer "{layer.diff_id}" of the archive is damaged: '
                    f"its diff ID is {known[layer.file.digest]}",
                    hint="Save or fetch the archive again.",
                )


def _diff_id(layer: FoundLayer, limits: Limits) -> str:
    found = hashlib.sha256()
    with open_layer(layer.file.path, limit=limits.layer) as stream:
        if stream.compression == "none" and layer.file.size <= limits.layer:
            return layer.file.digest
        while piece := stream.read(_PIECE):
            found.update(piece)
    return "sha256:" + found.hexdigest()


def _store(image: FoundImage, into: ImageLayout) -> LoadedImage:
    for file in (*(layer.file for layer in image.layers), image.config):
        _adopt(file, into)
    into.put_bytes(image.manifest)
    return LoadedImage(image.names, image.descriptor, image.config.digest)


def _adopt(file: SpooledFile, into: ImageLayout) -> None:
    # Two images may share it: it is moved for the first of them.
    if file.path.exists():
        into.adopt(file.path, file.digest)
