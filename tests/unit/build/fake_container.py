"""A working container in memory, for tests of COPY: a dict of paths, and tar in and out."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from dockernb.build.link_paths import parents, resolve_links
from dockernb.engines.base import PathStat
from dockernb.oci.byte_stream import StreamReader

_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
_TYPEFLAGS = {kind: flag for flag, kind in _KINDS.items()}


@dataclass(frozen=True)
class Node:
    type: str = "file"
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    data: bytes = b""
    target: str = ""
    xattrs: Mapping[str, bytes] = field(default_factory=dict, compare=False)
    mtime: int = field(default=0, compare=False)

    def __str__(self) -> str:
        detail = self.data.decode("utf-8", "replace") if self.type == "file" else self.target
        return f"{self.type} {self.mode:o} {self.owner[0]}:{self.owner[1]} {detail}".rstrip()


class FakeContainer:
    """As an engine unpacks: an entry replaces what is there, unless both are directories."""

    id = "f" * 64

    def __init__(self, nodes: Mapping[str, Node] | None = None) -> None:
        self.nodes: dict[str, Node] = {"/": Node("dir", 0o755)}
        self.stats = 0
        for path, node in (nodes or {}).items():
            self.put(path, node)

    def put(self, path: str, node: Node) -> None:
        for parent in parents(path)[:-1]:
            self.nodes.setdefault(parent, Node("dir", 0o755))
        self.nodes[path] = node

    def stat(self, path: str) -> PathStat | None:
        self.stats += 1
        node = self.nodes.get(self._resolve(path))
        if node is None:
            return None
        return PathStat(node.type, node.mode, len(node.data), node.target or None)  # type: ignore[arg-type]

    def read(self, path: str) -> Iterator[bytes]:
        top = self._resolve(path)
        if top not in self.nodes:
            raise FileNotFoundError(path)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            base = posixpath.basename(top) or "."
            for name in sorted(self.nodes):
                if name != top and not name.startswith(top.rstrip("/") + "/"):
                    continue
                inside = name[len(top.rstrip("/")) :].lstrip("/")
                info, node = tarfile.TarInfo(f"{base}/{inside}".rstrip("/")), self.nodes[name]
                info.type, info.mode, info.linkname = _TYPEFLAGS[node.type], node.mode, node.target
                info.uid, info.gid = node.owner
                info.size, info.mtime = len(node.data), node.mtime
                info.pax_headers = {
                    f"SCHILY.xattr.{key}": value.decode("utf-8", "surrogateescape")
                    for key, value in node.xattrs.items()
                }
                archive.addfile(info, io.BytesIO(node.data))
        data = buffer.getvalue()
        for start in range(0, len(data), 700):
            yield data[start : start + 700]

    def write(self, tar: Iterable[bytes]) -> None:
        with tarfile.open(fileobj=StreamReader(tar), mode="r|", errorlevel=2) as archive:
            for member in archive:
                path = "/" + member.name.strip("/")
                parent = self.nodes.get(posixpath.dirname(path))
                assert path == "/" or (parent is not None and parent.type == "dir"), path
                if member.islnk():
                    self._place(path, self.nodes["/" + member.linkname])
                    continue
                content = archive.extractfile(member) if member.isreg() else None
                xattrs = {
                    key.removeprefix("SCHILY.xattr."): value.encode("utf-8", "surrogateescape")
                    for key, value in member.pax_headers.items()
                    if key.startswith("SCHILY.xattr.")
                }
                node = Node(
                    _KINDS[member.type],
                    member.mode,
                    (member.uid, member.gid),
                    content.read() if content else b"",
                    member.linkname if member.issym() else "",
                    xattrs,
                    int(member.mtime),
                )
                self._place(path, node)

    def listing(self, top: str = "/") -> dict[str, str]:
        """Path -> what is there, for all below `top`."""
        prefix = top.rstrip("/") + "/"
        return {
            path: str(node)
            for path, node in self.nodes.items()
            if path.startswith(prefix) and path != "/"
        }

    def texts(self, top: str = "/") -> dict[str, str]:
        """Relative path -> content of the files below `top`."""
        prefix = top.rstrip("/") + "/"
        return {
            path.removeprefix(prefix): node.data.decode()
            for path, node in self.nodes.items()
            if path.startswith(prefix) and node.type == "file"
        }

    def _place(self, path: str, node: Node) -> None:
        before = self.nodes.get(path)
        if before is not None and before.type == "dir" and node.type != "dir":
            for below in [name for name in self.nodes if name.startswith(path + "/")]:
                del self.nodes[below]
        self.nodes[path] = replace(node)

    def _resolve(self, path: str) -> str:
        def read_link(place: str) -> str | None:
            node = self.nodes.get(place)
            return node.target if node is not None and node.type == "symlink" else None

        return resolve_links(path, read_link, follow_last=False)


class FakeImages:
    """The one method of an engine that COPY --from needs."""

    def __init__(self, container: FakeContainer) -> None:
        self._container = container

    @contextmanager
    def open_image(self, image_id: str) -> Iterator[FakeContainer]:
        yield self._container


def directory(mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> Node:
    return Node("dir", mode, owner)


def file(data: str = "", mode: int = 0o644, owner: tuple[int, int] = (0, 0)) -> Node:
    return Node("file", mode, owner, data.encode())


def link(target: str) -> Node:
    return Node("symlink", 0o777, target=target)
