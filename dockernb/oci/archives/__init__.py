"""Images as one file: what `docker save` writes and `docker load` reads, and OCI's own form.

    saving    StoredImage, stored_image, save_docker, save_oci
    loading   load, LoadedImage, Limits

Both forms are tars. A docker-archive names its parts in `manifest.json` and holds plain layers; an
OCI archive is an image layout (image-layout.md), with a `manifest.json` for Docker beside it.
"""

from __future__ import annotations

from .images import LoadedImage, StoredImage, StoredLayer, stored_image
from .limits import Limits
from .load import load
from .save import save_docker, save_oci

__all__ = [
    "Limits",
    "LoadedImage",
    "StoredImage",
    "StoredLayer",
    "load",
    "save_docker",
    "save_oci",
    "stored_image",
]
