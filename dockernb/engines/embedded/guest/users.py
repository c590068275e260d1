"""Who `USER` means, by the guest's own /etc/passwd and /etc/group.

The rules are those of runc's and BuildKit's user lookup: a number is looked up as an ID, a name
must exist, `name:group` gives that group alone, a name alone gives all groups that list it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ....errors import EngineError
from . import syscalls
from .command import Credentials

__all__ = ["resolve_user"]

#: The files come from an image: more than this is not a user database.
_MOST_BYTES = 16 << 20
_MOST_ID = 2**31 - 1


def resolve_user(root: Path, user: str) -> Credentials:
    """Credentials for `user` as USER writes it: "", "name", "uid", "name:group", "uid:gid".

    Args:
        root: The guest's root; links in it are resolved inside it.

    Raises:
        EngineError: a name is not in the file, or a number is not an ID.
    """
    name, _, group = user.partition(":")
    entry = _find_user(root, name or "0")
    if entry is None and _number(name or "0") is None:
        raise _unknown("user", name, "passwd")
    uid, gid, home, login = entry or (_number(name or "0") or 0, 0, "/", "")
    if group:
        return Credentials(uid, _find_group(root, group), (), home)
    groups = tuple(number for number, _, members in _groups(root) if login and login in members)
    return Credentials(uid, gid, groups, home)


def _find_user(root: Path, name: str) -> tuple[int, int, str, str] | None:
    wanted = _number(name)
    for fields in _lines(root, "/etc/passwd"):
        login, uid, gid, home = fields[0], _id(fields, 2), _id(fields, 3), _text(fields, 5)
        if uid is not None and (uid == wanted if wanted is not None else login == name):
            return uid, gid or 0, home or "/", login
    return None


def _find_group(root: Path, name: str) -> int:
    wanted = _number(name)
    if wanted is not None:
        return wanted
    for gid, group, _ in _groups(root):
        if group == name:
            return gid
    raise _unknown("group", name, "group")


def _groups(root: Path) -> Iterator[tuple[int, str, list[str]]]:
    for fields in _lines(root, "/etc/group"):
        gid = _id(fields, 2)
        if gid is not None:
            yield gid, fields[0], _text(fields, 3).split(",")


def _text(fields: list[str], index: int) -> str:
    return fields[index] if index < len(fields) else ""


def _id(fields: list[str], index: int) -> int | None:
    return _number(_text(fields, index))


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST_ID)):
        return None
    value = int(text)
    return value if value <= _MOST_ID else None


def _lines(root: Path, path: str) -> Iterator[list[str]]:
    for line in _read(root, path).decode(errors="surrogateescape").split("\n"):
        if line.strip() and not line.startswith("#"):
            yield line.strip("\r").split(":")


def _read(root: Path, path: str) -> bytes:
    """The file's content; empty if it is not there, is no regular file or leads out of the root."""
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
        resolve = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
        file = syscalls.openat2(folder, os.fsencode(path), flags, resolve)
    except OSError:
        return b""
    finally:
        os.close(folder)
    with os.fdopen(file, "rb") as stream:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return b""
        return stream.read(_MOST_BYTES)


def _unknown(what: str, name: str, file: str) -> EngineError:
    return EngineError(
        f"unable to find {what} {name}: no matching entries in {file} file",
        rule=f'USER needs a {what} that exists in the image; "{name}" is not in /etc/{file}.',
        state="The command was not started.",
        hint=f"Create it first, for example: RUN {what}add {name}",
    )
