"""Debian packages made by hand, hostile ones too, and a loopback archive that holds them."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

__all__ = ["archive", "deb", "member"]


def member(
    name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", *, target: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    """An entry of a package's data."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, len(content), target
    info.mode = 0o755
    return info, content


def deb(
    folder: Path, fields: str, members: Sequence[tuple[tarfile.TarInfo, bytes]] = ()
) -> tuple[Path, str]:
    """A package (deb(5)) with these control fields; returns its file and its name."""
    name = fields.split("\n", 1)[0].removeprefix("Package: ")
    control = (
        f"{fields}\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@y.test>\nDescription: x\n"
    )
    path = folder / f"{name}_1_amd64.deb"
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar": _tar([member("./control", content=control.encode())]),
        "data.tar": _tar(members),
    }
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for part, data in parts.items():
            header = f"{part:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n"
            file.write(header.encode() + data + b"\n" * (len(data) % 2))
    return path, control


def archive(root: Path, suite: str, packages: Sequence[str], *, origin: str = "Debian") -> None:
    """An archive without signature at `root`, with empty packages of these control fields."""
    pool, index = root / "pool", root / "dists" / suite / "main" / "binary-amd64"
    pool.mkdir(parents=True, exist_ok=True)
    index.mkdir(parents=True)
    text = ""
    for fields in packages:
        path, control = deb(pool, fields)
        data = path.read_bytes()
        text += f"{control}Filename: pool/{path.name}\nSize: {len(data)}\n"
        text += f"SHA256: {hashlib.sha256(data).hexdigest()}\n\n"
    (index / "Packages").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (root / "dists" / suite / "Release").write_text(
        f"Origin: {origin}\nLabel: {origin}\nSuite: stable\nCodename: {suite}\n"
        f"Date: {formatdate(usegmt=True)}\nArchitectures: amd64\nComponents: main\n"
        f"SHA256:\n {digest} {len(text)} main/binary-amd64/Packages\n"
    )


def _tar(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
