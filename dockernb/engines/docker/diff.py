"""What a container changed: from the daemon's disk where we may read it, else by the API."""

from __future__ import annotations

import logging
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from dockernb.engines.overlay_diff import overlay_diff
from dockernb.oci.diff import DiffEntry, FilesystemDiff

from .api import LONG, DockerApi
from .archive import Archive
from .changes import changes_diff
from .errors import DaemonError
from .listing import listing_diff
from .local import LocalDisk

__all__ = ["api_diff", "container_diff", "local_diff", "overlay_directories"]

# Seconds in which the daemon mounts what it writes to, and between looking whether it has.
_MOST_WAIT, _PAUSE = 2.0, 0.002
_HALF_OF_AN_END = bytes(tarfile.BLOCKSIZE)

_log = logging.getLogger(__name__)

OpenParent = Callable[[], AbstractContextManager[Archive]]


def container_diff(
    api: DockerApi, disk: LocalDisk, container_id: str, open_parent: OpenParent
) -> FilesystemDiff:
    """The changes, sorted by path. Both ways give the same."""
    entries = local_diff(api, disk, container_id)
    if entries is None:
        entries = api_diff(api, container_id, open_parent)
    return FilesystemDiff(tuple(sorted(entries, key=lambda entry: entry.path)))


def local_diff(api: DockerApi, disk: LocalDisk, container_id: str) -> list[DiffEntry] | None:
    """The changes by the daemon's own directories; None where they are out of reach."""
    directories = overlay_directories(api, disk, container_id)
    if directories is None:
        return None
    try:
        return overlay_diff(*directories, disk.opaque_attribute)
    except OSError as err:
        _log.debug("the daemon's directories cannot be read: %s", err)
        return None


def overlay_directories(
    api: DockerApi, disk: LocalDisk, container_id: str
) -> tuple[Path, list[Path]] | None:
    """The container's upper directory and those below it, topmost first, if we may read them."""
    root = disk.root() if disk.has_upper else None
    if root is None:
        return None
    if disk.has_containerd_store:
        return _mounted(api, disk, container_id)
    driver = api.get_json(f"/containers/{container_id}/json").get("GraphDriver") or {}
    data = driver.get("Data") or {}
    if not (data.get("UpperDir") and data.get("LowerDir")):
        return None
    # The topmost lower directory is the one in which Docker puts its stubs (/etc/hosts,
    # /.dockerenv...), so these never count as added. Podman has none of this kind.
    lowers = [root / path.lstrip("/") for path in data["LowerDir"].split(":")]
    return root / data["UpperDir"].lstrip("/"), lowers


def _mounted(api: DockerApi, disk: LocalDisk, container_id: str) -> tuple[Path, list[Path]] | None:
    """The daemon mounts the files of a container while it runs, and while files are sent to it.

    So a tar without files is sent, and its end is held back until the mount is seen.
    """
    found = disk.mounted(container_id)

    def nothing() -> Iterator[bytes]:
        nonlocal found
        yield _HALF_OF_AN_END  # it looks for a compression first
        end = time.monotonic() + _MOST_WAIT
        while found is None and time.monotonic() < end:
            time.sleep(_PAUSE)
            found = disk.mounted(container_id)
        yield _HALF_OF_AN_END

    if found is None:
        Archive(api, container_id).write(nothing())
    return found


def api_diff(api: DockerApi, container_id: str, open_parent: OpenParent) -> list[DiffEntry]:
    """The changes by GET /containers/{id}/changes."""
    archive = Archive(api, container_id)
    try:
        answer = api.request("GET", f"/containers/{container_id}/changes", timeout=LONG).json()
    except DaemonError as err:
        if not api.is_podman:  # which fails where a directory took the place of a file
            raise
        _log.debug("the daemon cannot tell the changes: %s", err.words)
        with open_parent() as parent:
            return listing_diff(parent, archive)
    return changes_diff(answer, archive, open_parent, all_directories=api.is_podman)
