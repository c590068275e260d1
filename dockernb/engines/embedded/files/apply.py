"""Unpacks a tar into a tree: a layer, or the files of a COPY.

Parents that are missing are made; a name on the way that is no folder gives way to one. That is
also what an overlay shows of a layer whose folder stands where a lower layer has a link.
"""

from __future__ import annotations

import os
import stat
import tarfile
from typing import BinaryIO, Protocol

from dockernb.engines.embedded.files.attributes import set_attributes
from dockernb.engines.embedded.files.folders import OpenFolders, remove_entry
from dockernb.engines.embedded.files.names import OPAQUE, WHITEOUT, parts_of
from dockernb.engines.embedded.files.owners import Owners, Ownership
from dockernb.errors import OciError
from dockernb.oci.bounded_tar import TarLimitError, open_tar

__all__ = ["Applied", "Whiteouts", "apply_tar"]

_CHUNK = 1 << 20
_LIMITS = "nobody's image has that many; unpacking it would only fill the memory or the disk"
_DEVICES = {tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK}

Parts = tuple[str, ...]


class Whiteouts(Protocol):
    """What a whiteout of a layer does in a tree."""

    def delete(self, folder: int, name: str) -> None:
        """Hides `name` of the layers below."""

    def hide_all(self, folder: int) -> None:
        """Hides all that the layers below have in the folder."""


class Applied:
    """What came of it: the number of entries, and the bytes of files."""

    entries = 0
    size = 0


def apply_tar(
    stream: BinaryIO, root: str, owners: Owners, whiteouts: Whiteouts | None = None
) -> Applied:
    """Unpacks `stream`, an uncompressed tar, into `root`.

    Args:
        whiteouts: None: names that begin with `.wh.` are ordinary files.

    Raises:
        OciError: the archive is broken or hostile. What was unpacked so far stays in `root`.
    """
    try:
        with OpenFolders(root) as folders, open_tar(stream) as archive:
            return _Applier(folders, owners, whiteouts).run(archive)
    except TarLimitError as err:
        raise OciError(f"the archive is refused: {err}", rule=_LIMITS) from err
    except tarfile.TarError as err:
        raise OciError(f"the archive is broken: {err}") from err


class _Applier:
    def __init__(self, folders: OpenFolders, owners: Owners, whiteouts: Whiteouts | None) -> None:
        self._folders = folders
        self._owners = owners
        self._whiteouts = whiteouts
        self._times: dict[Parts, float] = {}
        self._done = Applied()

    def run(self, archive: tarfile.TarFile) -> Applied:
        for member in archive:
            self._done.entries += 1
            self._put(archive, member, parts_of(member.name))
        # Last: whatever is made in a folder changes its time.
        for parts, moment in reversed(self._times.items()):
            self._set_folder_time(parts, moment)
        return self._done

    def _put(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: Parts) -> None:
        if not parts:
            self._put_root(member)
            return
        folder, name = self._folders.make(parts[:-1]), parts[-1]
        if self._whiteouts is not None and name.startswith(WHITEOUT):
            self._hide(self._whiteouts, folder, parts)
        elif member.isdir():
            self._put_folder(parts, member)
        else:
            self._folders.forget(parts)
            remove_entry(folder, name)
            self._make(archive, member, folder, name)
            self._finish(member, folder, name)

    def _hide(self, whiteouts: Whiteouts, folder: int, parts: Parts) -> None:
        name = parts[-1]
        if name == OPAQUE:
            whiteouts.hide_all(folder)
        elif not name.startswith(WHITEOUT * 2):  # others of that kind are aufs's own
            hidden = name.removeprefix(WHITEOUT)
            if hidden in {"", ".", ".."}:
                raise OciError(f"the whiteout {name!r} names nothing that could be hidden")
            self._folders.forget((*parts[:-1], hidden))
            whiteouts.delete(folder, hidden)

    def _put_root(self, member: tarfile.TarInfo) -> None:
        if member.isdir():
            folder = self._folders.at(())
            self._owners.write(folder, ".", member.uid, member.gid)
            self._folders.set_root_mode(stat.S_IMODE(member.mode))

    def _put_folder(self, parts: Parts, member: tarfile.TarInfo) -> None:
        folder, name = self._folders.make_or_keep(parts), parts[-1]
        self._folders.forget(parts)  # before its mode is set: an open one may get its old one back
        self._owners.write(folder, name, member.uid, member.gid)
        os.chmod(name, stat.S_IMODE(member.mode), dir_fd=folder)
        set_attributes(folder, name, member.pax_headers)
        self._times.pop(parts, None)
        self._times[parts] = member.mtime

    def _make(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, folder: int, name: str
    ) -> None:
        if member.issym():
            os.symlink(member.linkname, name, dir_fd=folder)
        elif member.islnk():
            self._link(member, folder, name)
        elif member.isfifo():
            os.mkfifo(name, 0o600, dir_fd=folder)
        elif member.type in _DEVICES:
            numbers = (member.devmajor, member.devminor)
            what = Ownership(member.uid, member.gid, _DEVICES[member.type], numbers)
            self._owners.make_device(folder, name, what)
        elif member.isreg():
            self._write(archive, member, folder, name)
        else:
            raise OciError(f"entry {member.name!r} has an unknown type {member.type!r}")

    def _write(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, folder: int, name: str
    ) -> None:
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        content = archive.extractfile(member)
        assert content is not None  # noqa: S101 - it is a regular file
        left = member.size
        with open(os.open(name, flags, 0o600, dir_fd=folder), "wb", buffering=0) as file:  # noqa: PTH123
            while left and (piece := content.read(min(_CHUNK, left))):
                file.write(piece)
                left -= len(piece)
        if left:
            raise OciError(f"the archive ends in the middle of {member.name!r}")
        self._done.size += member.size

    def _link(self, member: tarfile.TarInfo, folder: int, name: str) -> None:
        target = parts_of(member.linkname)
        try:
            os.link(
                target[-1], name, src_dir_fd=self._folders.at(target[:-1]), dst_dir_fd=folder,
                follow_symlinks=False,
            )  # fmt: skip
        except (OSError, IndexError) as err:
            raise OciError(
                f"the hard link {member.name!r} leads to {member.linkname!r}, which is not there"
            ) from err

    def _finish(self, member: tarfile.TarInfo, folder: int, name: str) -> None:
        if member.type not in _DEVICES:
            self._owners.write(folder, name, member.uid, member.gid)
        # A hard link's own mode and owner count as well, as for Docker; it may be one to a link.
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.utime(name, (member.mtime, member.mtime), dir_fd=folder, follow_symlinks=False)
            return
        set_attributes(folder, name, member.pax_headers)
        os.chmod(name, stat.S_IMODE(member.mode), dir_fd=folder)
        os.utime(name, (member.mtime, member.mtime), dir_fd=folder)

    def _set_folder_time(self, parts: Parts, moment: float) -> None:
        try:
            folder = self._folders.at(parts[:-1])
            os.utime(parts[-1], (moment, moment), dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return  # a later entry took its place
