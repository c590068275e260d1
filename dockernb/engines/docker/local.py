"""The daemon's own disk, where it runs on this machine and we may read it.

The kernel tells who is behind a Unix socket (SO_PEERCRED), and `/proc/PID/root` is that process's
root directory, also when the daemon sits in a mount namespace of its own. Only root may go there.
Everybody else, and every remote daemon, is served by the API alone.
"""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from dockernb.oci.digest import sha256_digest

from .overlay_mount import overlay_mount

__all__ = ["LocalDisk"]

_CONTAINERD_TYPE = "io.containerd.snapshotter.v1"


class LocalDisk:
    """Reads the daemon's files.

    Args:
        socket_path: The daemon's Unix socket; None for a daemon elsewhere.
        data_root: `DockerRootDir` of /info.
        driver: Storage driver of /info.
        native_diff: What /info says of "Native Overlay Diff". Without it, directories may be
            renamed or files shared in ways that the upper directory alone does not tell.
        user_attributes: Whether overlay's own marks are `user.` and not `trusted.` attributes.
        has_containerd_store: Whether images and containers are containerd's snapshots.
    """

    def __init__(
        self,
        socket_path: str | None,
        data_root: str,
        driver: str,
        *,
        native_diff: bool,
        user_attributes: bool = False,
        has_containerd_store: bool = False,
    ) -> None:
        self._socket_path = socket_path
        self._data_root = data_root
        self._driver = driver
        # Rootless Docker cannot set trusted attributes. Only then the user ones count: elsewhere
        # a container may set them on its own files.
        kind = "user" if user_attributes else "trusted"
        self.opaque_attribute = f"{kind}.overlay.opaque"
        self.has_containerd_store = has_containerd_store
        # Docker's name, and Podman's. An old Docker's "overlay" tells nothing of native diff.
        self.has_upper = driver in {"overlay2", "overlay"} and native_diff
        if has_containerd_store:  # which tells it of each mount
            self.has_upper = driver == "overlayfs"

    @classmethod
    def from_info(cls, socket_path: str | None, info: dict[str, Any]) -> LocalDisk:
        """From the answer to GET /info."""
        status = dict(pair for pair in info.get("DriverStatus") or () if len(pair) == 2)
        return cls(
            socket_path,
            info.get("DockerRootDir") or "",
            info.get("Driver") or "",
            native_diff=status.get("Native Overlay Diff") == "true",
            user_attributes=status.get("userxattr") == "true",
            has_containerd_store=status.get("driver-type") == _CONTAINERD_TYPE,
        )

    def root(self) -> Path | None:
        """The daemon's root directory as we see it; None if it is out of reach.

        Asked anew each time: a daemon that was restarted is another process.
        """
        pid = _peer(self._socket_path) if self._socket_path else None
        root = Path(f"/proc/{pid}/root")
        try:
            return root if pid and (root / self._data_root.lstrip("/")).is_dir() else None
        except OSError:
            return None

    def mounted(self, container_id: str) -> tuple[Path, list[Path]] | None:
        """The directories of a container that the daemon has mounted just now; see
        `overlay_mount`.
        """
        root = self.root()
        if root is None:
            return None
        place = f"{self._data_root}/rootfs/{self._driver}/{container_id}"
        return overlay_mount(root.parent, place)

    def image_config(self, image_id: str) -> bytes | None:
        """The stored bytes of an image's config, checked against its ID.

        The API gives them only as part of a whole `docker save`: inspect loses the history's
        details and adds fields. The place is the daemon's own affair, hence the check.
        """
        path = self._config_path(image_id)
        if path is None:
            return None
        try:
            data = path.read_bytes()
            json.loads(data)
        except (OSError, ValueError):
            return None
        return data if sha256_digest(data) == image_id else None

    def has_image(self, image_id: str) -> bool:
        """Whether the daemon surely has the image: it keeps a config as long as the image is there.

        False where nothing can be said, too.
        """
        path = self._config_path(image_id)
        try:
            return path is not None and path.is_file()
        except OSError:
            return False

    def _config_path(self, image_id: str) -> Path | None:
        root = self.root()
        if root is None:
            return None
        place = f"{self._data_root.lstrip('/')}/image/{self._driver}/imagedb/content"
        return root / place / image_id.replace(":", "/")


def _peer(socket_path: str) -> int | None:
    """The process that listens on a Unix socket; None where it cannot be known."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(2)
        try:
            connection.connect(socket_path)
            found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except OSError:
            return None
    pid: int = struct.unpack("3i", found)[0]
    return pid or None
