"""Images as one file: Docker's archive (`docker save`), and a tar of an OCI image layout."""

from __future__ import annotations

from .read import ArchivedImage, read_archive
from .write import SavedImage, write_docker_archive, write_oci_archive

__all__ = [
    "ArchivedImage",
    "SavedImage",
    "read_archive",
    "write_docker_archive",
    "write_oci_archive",
]
