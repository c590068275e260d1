"""The tree of an image of the testbed's Docker, read from its layers on the disk.

The kernel lays the layers over each other (overlayfs), as it does for Docker. No container is made
for it, as the engine has to: that takes ten times as long.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dockernb.build.image_tree import Node
from dockernb.oci.diff import FileType
from tests.testbed import api
from tests.testbed.layout import Layout

_TYPES: dict[int, FileType] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
}
# The one attribute that Docker's archives keep.
_CAPABILITY = "security.capability"
_READ_ONLY, _DETACH = 1, 2  # of mount(2) and umount2(2)


def layer_tree(image_id: str) -> dict[str, Node]:
    """Absolute path -> node of all paths of an image. Sockets are left out: no archive has them."""
    layout = Layout.from_environment()
    data = api.get(layout.socket, f"/images/{image_id}/json")["GraphDriver"]["Data"] or {}
    named = [data.get("UpperDir", ""), *data.get("LowerDir", "").split(":")]
    folders = [layout.root / name.lstrip("/") for name in named if name]
    with _laid_over(folders) as root:
        return dict(_nodes(root, "/", {}))


@contextmanager
def _laid_over(folders: Sequence[Path]) -> Iterator[str]:
    """One folder with what all show together; the first is the topmost."""
    if len(folders) < 2:  # overlayfs wants two; a whiteout in the lowest layer hides nothing
        with tempfile.TemporaryDirectory() as empty:
            yield os.fspath(folders[0]) if folders else empty
        return
    options = f"lowerdir={':'.join(map(os.fspath, folders))}".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    with tempfile.TemporaryDirectory(prefix="dockernb-layers-") as place:
        target = os.fsencode(place)
        if libc.mount(b"overlay", target, b"overlay", _READ_ONLY, options) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), options)
        try:
            yield place
        finally:
            libc.umount2(target, _DETACH)


def _nodes(root: str, path: str, known: dict[tuple[int, int], Node]) -> Iterator[tuple[str, Node]]:
    """Args: known: Device and inode -> node, so that a file of many names is read once."""
    full = root + path
    status = os.lstat(full)
    kind = _TYPES.get(stat.S_IFMT(status.st_mode))
    if kind is None or (kind == "char" and status.st_rdev == 0):
        return
    place = (status.st_dev, status.st_ino)
    if kind != "file" or place not in known:
        known[place] = _node(full, status, kind)
    yield path, known[place]
    if kind == "dir":
        with os.scandir(full) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            yield from _nodes(root, f"{path.rstrip('/')}/{name}", known)


def _node(full: str, status: os.stat_result, kind: FileType) -> Node:
    is_file, is_device = kind == "file", kind in {"char", "block"}
    xattrs = []
    if _CAPABILITY in os.listxattr(full, follow_symlinks=False):
        value = os.getxattr(full, _CAPABILITY, follow_symlinks=False)
        xattrs.append((_CAPABILITY, value.decode("utf-8", "surrogateescape")))
    return Node(
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size if is_file else 0,
        link_target=os.fspath(Path(full).readlink()) if kind == "symlink" else "",
        content=hashlib.sha256(Path(full).read_bytes()).hexdigest() if is_file else "",
        device=f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}" if is_device else "",
        xattrs=tuple(xattrs),
    )
