"""The members of an archive on the disk, until its documents have said what each of them is.

Archives may name a blob long after it came. No file here has a name from the archive.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import OciError
from ..compression import DecompressedStream
from ..json_document import quoted
from .limits import Limits
from .tar_reader import TarMember, TarReader

__all__ = ["Spool", "SpooledFile"]

_LONGEST_NAME = 4096
_LONGEST_CHAIN = 16
_BLOB = re.compile(r"blobs/sha256/([a-f0-9]{64})")


@dataclass(frozen=True)
class SpooledFile:
    """A regular file of the archive: where it lies, and digest and size of what is in it."""

    path: Path
    digest: str
    size: int


class Spool:
    """Keeps the regular files of an archive in `folder`."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._files: dict[str, SpooledFile] = {}
        self._links: dict[str, str] = {}

    def fill(self, stream: DecompressedStream) -> None:
        """Reads the whole archive.

        Raises:
            OciError: It is no tar, damaged, larger than the limits, or a member is not allowed.
        """
        reader = TarReader(stream, largest=self._limits.archive, most=self._limits.members)
        for member in reader:
            name = clean_name(member.name)
            if member.kind == "folder":
                continue
            if not name:
                raise _refused(member.name, "it has no name")
            if member.kind == "file":
                self._add(name, self._spooled(reader))
            else:
                self._add(name, _target(name, member))

    def has(self, name: str) -> bool:
        return name in self._files or name in self._links

    def find(self, name: str) -> SpooledFile:
        """The file of that name, links followed.

        Raises:
            OciError: There is none.
        """
        current = clean_name(name)
        for _ in range(_LONGEST_CHAIN):
            if current in self._files:
                return self._files[current]
            if current not in self._links:
                break
            current = self._links[current]
        raise OciError(
            f"the archive has no file {quoted(name)}, which it says it has",
            hint="It is not complete: save it again.",
        )

    def read(self, file: SpooledFile, shown: str) -> bytes:
        """The bytes of a document.

        Raises:
            OciError: It is too large for one.
        """
        if file.size > self._limits.document:
            raise OciError(
                f"{shown} has {file.size:,} bytes",
                rule=f"A document may have {self._limits.document:,} bytes.",
            )
        return file.path.read_bytes()

    def _spooled(self, reader: TarReader) -> SpooledFile:
        path, digest, size = self._folder / str(len(self._files)), hashlib.sha256(), 0
        with path.open("xb") as file:
            for piece in reader.content():
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        return SpooledFile(path, "sha256:" + digest.hexdigest(), size)

    def _add(self, name: str, member: SpooledFile | str) -> None:
        if self.has(name):
            # Which of the two counts would differ from reader to reader.
            raise _refused(name, "another member has the same name")
        if isinstance(member, str):
            self._links[name] = member
            return
        blob = _BLOB.fullmatch(name)
        if blob and member.digest != "sha256:" + blob[1]:
            raise OciError(
                f'the blob "sha256:{blob[1]}" of the archive is damaged: '
                f"its digest is {member.digest}",
                hint="Save or fetch the archive again.",
            )
        self._files[name] = member


def clean_name(name: str) -> str:
    """The name of a member without `./` and double slashes.

    Raises:
        OciError: It leads out of the archive, or is absurd.
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts:
        raise _refused(name, "it leads out of the archive")
    if "\0" in name or len(name) > _LONGEST_NAME:
        raise _refused(name, f"a name has {_LONGEST_NAME} characters at most, none of them NUL")
    return "/".join(parts)


def _target(name: str, member: TarMember) -> str:
    """The member that a link leads to: relative to its folder if symbolic, else to the top."""
    base = posixpath.dirname(name) if member.kind == "symlink" else ""
    target = posixpath.normpath(posixpath.join(base, member.target))
    try:
        return clean_name(target)
    except OciError as err:
        raise _refused(name, f"it is a link to {quoted(member.target)}, outside of it") from err


def _refused(name: str, why: str) -> OciError:
    return OciError(
        f"the member {quoted(name)} of the archive is refused: {why}",
        hint="This is no archive that docker save, podman save or skopeo writes.",
    )
