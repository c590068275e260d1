"""`file`: a path in the snapshot: there or not, its type, mode, owner, size and content."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from dockernb.engines.base import FileView
from dockernb.oci.diff import type_of_mode

from .archive import first_member, read_text
from .match import Match, shown
from .subject import Finding, Subject
from .table import Table

__all__ = ["FileRule"]

_TYPES = ("file", "dir", "symlink")


@dataclass(frozen=True)
class FileRule:
    """A condition on one path; links on the way to it are followed, at its end they are not.

    Args:
        type: "file", "dir" or "symlink"; "": any.
        mode: Condition on the permissions, four octal digits.
        owner: Condition on "user:group", names where the snapshot has some.
        content: Condition on the text.
        below: The size in bytes must be smaller.
    """

    path: str
    exists: bool = True
    type: str = ""
    mode: Match | None = None
    owner: Match | None = None
    content: Match | None = None
    below: int | None = None

    @classmethod
    def read(cls, table: Table) -> FileRule:
        """The rule that a table says."""
        path = table.text("path")
        if not path.startswith("/"):
            raise table.error("path", f'{table.name_of("path")} must begin with "/"')
        kind = table.text("type", "any")
        if kind not in (*_TYPES, "any"):
            raise table.error("type", f"{table.name_of('type')} must be one of {', '.join(_TYPES)}")
        rule = cls(
            path=path,
            exists=table.flag("exists", default=True),
            type="" if kind == "any" else kind,
            mode=table.match("mode"),
            owner=table.match("owner"),
            content=table.match("content"),
            below=table.bytes("size_below"),
        )
        if not rule.exists and rule != cls(path, exists=False):
            raise table.error("exists", "a file that must not exist has no other conditions")
        return rule

    def examine(self, subject: Subject) -> Finding:
        """Looks at the path."""
        with subject.files() as view:
            stat = view.stat(self.path)
            if stat is None:
                return Finding(not self.exists, f"{self.path} is not there")
            if not self.exists:
                return Finding(False, f"{self.path} is there")
            for finding in self._findings(view):
                if not finding.ok:
                    return finding
        return Finding(True, f"{self.path} is there")

    def _findings(self, view: FileView) -> Iterator[Finding]:
        member = first_member(view.read(self.path))
        kind = type_of_mode(_file_type(member))
        if self.type:
            yield Finding(kind == self.type, f"{self.path} is a {kind}")
        if self.mode is not None:
            mode = f"{member.mode & 0o7777:04o}"
            yield Finding(self.mode.holds(mode), f"{self.path} has the mode {mode}")
        if self.owner is not None:
            names = _owner(view, member.uid, member.gid)
            ok = any(self.owner.holds(name) for name in names)
            yield Finding(ok, f"{self.path} belongs to {names[0]}")
        if self.below is not None:
            ok = member.size < self.below
            yield Finding(ok, f"{self.path} has {member.size:,} bytes")
        if self.content is not None:
            text = read_text(view, self.path) if kind == "file" else None
            found = f"{self.path} begins with {shown((text or '')[:80])}"
            yield Finding(text is not None and self.content.holds(text), found)


_TAR_TYPES = {tarfile.DIRTYPE: 0o040000, tarfile.SYMTYPE: 0o120000, tarfile.REGTYPE: 0o100000}


def _file_type(member: tarfile.TarInfo) -> int:
    """The type bits as in `st_mode`; a hard link is a file."""
    return 0o100000 if member.islnk() else _TAR_TYPES.get(member.type, 0)


def _owner(view: FileView, uid: int, gid: int) -> list[str]:
    """How the owner can be written: by names first, by numbers last."""
    user, group = _name(view, "/etc/passwd", uid), _name(view, "/etc/group", gid)
    names = [f"{user or uid}:{group or gid}", f"{uid}:{gid}", user, str(uid)]
    return list(dict.fromkeys(name for name in names if name))


def _name(view: FileView, database: str, number: int) -> str:
    with suppress(FileNotFoundError):
        for line in (read_text(view, database) or "").splitlines():
            name, *fields = line.split(":")
            if len(fields) > 1 and fields[1] == str(number):
                return name
    return ""
