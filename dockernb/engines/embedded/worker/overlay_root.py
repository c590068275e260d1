"""A root that is an overlay mount: the image's layers below, what changes in a folder above.

    overlay/<name>/files     a layer, unpacked; <name> is the first 20 digits of its diff ID
    overlay/<name>/diff_id   the whole diff ID
    overlay/<name>/boot      the boot in which it came, until it has surely reached the disk
    running/<id>/upper, work, root      a working container; running/<id>/lock is held by its worker

The mount belongs to the mount namespace of the worker and ends with it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dockernb.engines.embedded.files.folders import remove_entry
from dockernb.engines.embedded.files.overlay import pack_upper
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.files.pack import Packed
from dockernb.engines.embedded.guest import mount_overlay, unmount
from dockernb.engines.embedded.store.boot import boot_id
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.names import layer_name
from dockernb.engines.embedded.store.places import new_place
from dockernb.engines.overlay_diff import Identity, overlay_diff
from dockernb.oci.diff import DiffEntry
from dockernb.oci.durable import ASIDE
from dockernb.oci.temporary import TemporaryFiles

__all__ = ["OverlayRoot", "adopt", "new_layers", "remove_place"]


class OverlayRoot:
    """See the module.

    Args:
        layers: Names of the layers' folders in `unpacked`, base first.
    """

    def __init__(self, folders: StoreFolders, layers: Sequence[str], owners: Owners) -> None:
        self._folders = folders
        self._owners = owners
        # A layer that comes twice is hidden by its upper self, and no mount takes it twice.
        self._lowers = list(dict.fromkeys(reversed(layers))) or [_empty(folders)]
        self._place, self._lock = new_place(folders.running)
        self._mounted = False
        try:
            for name in ("upper", "work", "root"):
                (self._place / name).mkdir(mode=0o755)
            self._root_identity = self._copy_root()
            mount_overlay(
                [str(folders.unpacked / name / "files") for name in self._lowers],
                upper=str(self._place / "upper"),
                work=str(self._place / "work"),
                merged=self.path,
                user=owners.is_user,
            )
            self._mounted = True
        except BaseException:
            self.discard()
            raise

    @property
    def path(self) -> str:
        return str(self._place / "root")

    @property
    def owners(self) -> Owners:
        return self._owners

    def touch(self) -> None:
        """Nothing of the files is kept in mind."""

    def changes(self) -> Sequence[DiffEntry]:
        lowers = [self._folders.unpacked / name / "files" for name in self._lowers]
        upper = self._place / "upper"
        return overlay_diff(upper, lowers, self._owners.opaque, self._identity)

    def pack(self, descriptor: int) -> Packed:
        upper = self._place / "upper"
        return pack_upper(
            str(upper),
            descriptor,
            self._owners,
            changed={entry.path for entry in self.changes()},
            with_root=self._identity_of_root(upper) != self._root_identity,
        )

    def keep(self, diff_id: str) -> None:
        self._unmount()
        adopt(self._folders, self._place / "upper", diff_id)

    def discard(self) -> None:
        self._unmount()
        remove_place(self._place)
        self._lock.close()

    def _unmount(self) -> None:
        if self._mounted:
            self._mounted = False
            unmount(self.path)

    def _copy_root(self) -> Identity:
        """Gives the upper folder the mode and owner that "/" has below it."""
        upper = self._place / "upper"
        found = self._identity_of_root(self._folders.unpacked / self._lowers[0] / "files")
        descriptor = os.open(upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._owners.write(descriptor, ".", found.uid, found.gid)
        finally:
            os.close(descriptor)
        upper.chmod(stat.S_IMODE(found.mode))
        return found

    def _identity_of_root(self, folder: Path) -> Identity:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return self._identity(descriptor, ".", os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def _identity(self, folder: int, name: str, status: os.stat_result) -> Identity:
        found = self._owners.read(folder, name, status)
        mode = found.type | stat.S_IMODE(status.st_mode)
        return Identity(mode, found.uid, found.gid, os.makedev(*found.device))


def adopt(folders: StoreFolders, files: Path, diff_id: str) -> str:
    """Makes the folder `files` the layer `diff_id`, if that is not there; returns its name."""
    name = layer_name(diff_id)
    with new_layers(folders).subfolder() as aside:
        files.rename(aside / "files")
        (aside / "diff_id").write_text(diff_id)
        (aside / "boot").write_text(boot_id())
        try:
            aside.rename(folders.unpacked / name)
        except OSError as err:
            if err.errno not in {errno.EEXIST, errno.ENOTEMPTY}:  # it is there
                raise
    return name


def new_layers(folders: StoreFolders) -> TemporaryFiles:
    """Where layers are made, on their way to their names."""
    return TemporaryFiles(folders.unpacked, ASIDE, remove_place)


def remove_place(place: Path) -> None:
    """Removes a folder with all that containers left in it."""
    parent = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(FileNotFoundError):
            remove_entry(parent, place.name)
    finally:
        os.close(parent)


def _empty(folders: StoreFolders) -> str:
    """A layer without files, for images without layers."""
    (folders.unpacked / "empty" / "files").mkdir(mode=0o755, parents=True, exist_ok=True)
    return "empty"
