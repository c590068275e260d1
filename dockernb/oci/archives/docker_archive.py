"""Finds the images in a docker-archive: manifest.json names config, layers and tags of each.

Source: `manifestItem` and `load` in moby's `image/tarexport`. Old versions of Docker write a layer
that images share as symbolic links to one file.
"""

from __future__ import annotations

import re
from typing import Any

from ...errors import OciError
from ..compression import compression_of
from ..digest import sha256_digest
from ..json_document import parse_json, quoted
from ..manifest import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_LAYER_ZSTD,
    OCI_MANIFEST,
    Descriptor,
    Manifest,
)
from .found_image import FoundImage, FoundLayer
from .images import parse_config
from .limits import Limits
from .names import full_names
from .spool import Spool, SpooledFile

__all__ = ["MANIFEST", "docker_images"]

MANIFEST = "manifest.json"
_LAYER_TYPES = {"none": OCI_LAYER, "gzip": OCI_LAYER_GZIP, "zstd": OCI_LAYER_ZSTD}
_NAMED_BY_DIGEST = re.compile(r"(?:.*[/:])?([a-f0-9]{64})(?:\.json)?")


def docker_images(spool: Spool, limits: Limits) -> list[FoundImage]:
    """The images in the order in which they are named.

    Raises:
        OciError: A document is broken, or a file that it names is missing.
    """
    entries = parse_json(spool.read(spool.find(MANIFEST), f'"{MANIFEST}"'), f'"{MANIFEST}"')
    if not isinstance(entries, list) or len(entries) > limits.images:
        raise OciError(
            f'"{MANIFEST}" of the archive is no list of images',
            rule=f"It is a list of at most {limits.images:,} objects.",
        )
    return [_image(spool, entry, limits) for entry in entries]


def _image(spool: Spool, entry: Any, limits: Limits) -> FoundImage:
    config_name, layer_names, tags = _fields(entry)
    config = spool.find(config_name)
    shown = f"the image config {quoted(config_name)}"
    expected = _NAMED_BY_DIGEST.fullmatch(config_name)
    if expected and config.digest != "sha256:" + expected[1]:
        raise OciError(
            f"{shown} is damaged: its digest is {config.digest}",
            hint="Save or fetch the archive again.",
        )
    diff_ids = parse_config(spool.read(config, shown), shown).diff_ids
    if len(diff_ids) != len(layer_names):
        raise OciError(
            f'{shown} names {len(diff_ids):,} layers, but "{MANIFEST}" {len(layer_names):,}',
            rule="Each layer has one diff ID (config.md, rootfs).",
        )
    if len(layer_names) > limits.layers:
        raise OciError(
            f"an image of the archive has {len(layer_names):,} layers",
            rule=f"An image has at most {limits.layers:,} layers.",
        )
    files = [spool.find(name) for name in layer_names]
    manifest = Manifest(
        Descriptor(OCI_CONFIG, config.digest, config.size), tuple(map(_descriptor, files))
    ).to_bytes()
    return FoundImage(
        full_names(tags, f'"{MANIFEST}"'),
        manifest,
        Descriptor(OCI_MANIFEST, sha256_digest(manifest), len(manifest)),
        config,
        tuple(map(FoundLayer, files, diff_ids)),
    )


def _fields(entry: Any) -> tuple[str, list[str], list[Any]]:
    """Config, Layers and RepoTags of an entry."""
    fields = entry if isinstance(entry, dict) else {}
    config, layers = fields.get("Config"), fields.get("Layers") or []
    tags = fields.get("RepoTags") or []
    names = [config, *layers] if isinstance(layers, list) else [None]
    if not all(isinstance(name, str) for name in names) or not isinstance(tags, list):
        raise OciError(
            f'"{MANIFEST}" of the archive has a wrong entry: {quoted(entry)}',
            rule="An entry has a Config (a file), Layers (files) and RepoTags (image names).",
        )
    return str(config), layers, tags


def _descriptor(file: SpooledFile) -> Descriptor:
    with file.path.open("rb") as content:
        compression = compression_of(content.read(4))
    return Descriptor(_LAYER_TYPES[compression], file.digest, file.size)
