"""Tars for the tests, entry by entry."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Member:
    name: str
    content: bytes | None = None
    type: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 1_000_000_000
    link: str = ""
    device: tuple[int, int] = (0, 0)
    pax: dict[str, str] = field(default_factory=dict)


def folder(name: str, mode: int = 0o755, **changes: int) -> Member:
    return Member(name, type=tarfile.DIRTYPE, mode=mode, **changes)  # type: ignore[arg-type]


def link(name: str, target: str) -> Member:
    return Member(name, type=tarfile.SYMTYPE, link=target, mode=0o777)


def hard_link(name: str, target: str) -> Member:
    return Member(name, type=tarfile.LNKTYPE, link=target)


def tar_of(members: Iterable[Member]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.mode, info.mtime = member.type, member.mode, member.mtime
            info.uid, info.gid, info.linkname = member.uid, member.gid, member.link
            info.devmajor, info.devminor = member.device
            info.size = len(member.content or b"")
            info.pax_headers = dict(member.pax)
            tar.addfile(info, io.BytesIO(member.content or b""))
    return buffer.getvalue()
