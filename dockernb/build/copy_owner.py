"""--chown: names and numbers to ids. Source: BuildKit's `solver/llbsolver/ops/user_linux.go`."""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass, field

from dockernb.engines.base import WorkingContainer
from dockernb.errors import BuildError

from ..oci.byte_stream import StreamReader
from .destination import Destination, Owner

__all__ = ["ResolvedOwner", "resolve_owner"]

_FILE_LIMIT = 16 * 1024 * 1024
_ID_LIMIT = 2**32 - 1
_SIGNED = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
_SIGNED_LIMIT = 2**31


@dataclass(frozen=True)
class ResolvedOwner:
    """The owner that --chown names, and what the reader should know of it."""

    owner: Owner
    warnings: tuple[str, ...] = field(default=())


def resolve_owner(chown: str, container: WorkingContainer) -> ResolvedOwner | None:
    """The ids for `user`, `user:group` or `:group`; None for "".

    A number stands for itself; without a group it is user and group, and `user:` is group 0. A
    name is looked up in the container's /etc/passwd (which also gives the group) or /etc/group.
    BuildKit takes a name that is not there for 0, or leaves the group; the same is done here, with
    a warning.

    Raises:
        BuildError: A number in a file is too large, or a file cannot be read.
    """
    if not chown:
        return None
    user, colon, group = chown.partition(":")
    uid, gid = 0, 0
    warnings: list[str] = []
    number = _signed(user)
    if number is not None:
        uid = gid = number
    elif user:
        row = _find(container, "/etc/passwd", user, 4)
        if row is None:
            warnings.append(_unknown(chown, "user", user, "/etc/passwd", "root (0)"))
        else:
            uid, gid = _number(row[2], chown), _number(row[3], chown)
    number = _signed(group)
    if number is not None or (colon and not group):
        gid = number or 0
    elif group:
        row = _find(container, "/etc/group", group, 3)
        if row is None:
            warnings.append(_unknown(chown, "group", group, "/etc/group", str(gid)))
        else:
            gid = _number(row[2], chown)
    return ResolvedOwner(Owner(uid, gid), tuple(warnings))


def _unknown(chown: str, kind: str, name: str, file: str, used: str) -> str:
    return (
        f'--chown={chown}: {file} of the image has no {kind} "{name}";'
        f" as in docker build, {used} is used instead"
    )


def _signed(text: str) -> int | None:
    """An ID as BuildKit reads it, with 32 bits and a sign; None: it is a name.

    To the kernel -1 says that the owner stays: root, of what is just made.
    """
    if not _SIGNED.fullmatch(text) or not -_SIGNED_LIMIT <= int(text) < _SIGNED_LIMIT:
        return None
    return 0 if int(text) == -1 else int(text) % (2 * _SIGNED_LIMIT)


def _number(text: str, chown: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= _ID_LIMIT:
        raise BuildError(f'--chown={chown}: "{text}" is no user or group id')
    return int(text)


def _find(container: WorkingContainer, path: str, name: str, fields: int) -> list[str] | None:
    """The row of /etc/passwd or /etc/group that begins with `name`."""
    for line in _read_file(container, path).split("\n"):
        row = line.strip().split(":")
        if row[0] == name and len(row) >= fields:
            return row
    return None


def _read_file(container: WorkingContainer, path: str) -> str:
    """The text of a small file; "" if it does not exist."""
    place = Destination(container).resolve(path)
    found = container.stat(place)
    if found is None or found.type != "file" or found.size > _FILE_LIMIT:
        return ""
    stream = StreamReader(container.read(place))
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    return content.read(_FILE_LIMIT).decode("utf-8", "replace")
    except (tarfile.TarError, FileNotFoundError) as err:
        raise BuildError(f'"{path}" of the image cannot be read: {err}') from err
    finally:
        stream.close()
    return ""
