"""Files of a container through the API, running or not: stat, read, write."""

from __future__ import annotations

import base64
import io
import json
import stat
import tarfile
from collections.abc import Iterable, Iterator
from typing import Any

import requests
import urllib3

from dockernb.engines.base import PathStat
from dockernb.oci.diff import FileType

from .api import LONG, DockerApi
from .errors import DaemonError

__all__ = ["NAMES", "Archive"]

# Bits of Go's fs.FileMode, in which the API tells a mode.
_GO_TYPES: tuple[tuple[int, FileType], ...] = (
    (1 << 31, "dir"),
    (1 << 27, "symlink"),
    (1 << 21, "char"),  # beside the bit for devices
    (1 << 26, "block"),
    (1 << 25, "fifo"),
    (1 << 24, "socket"),
)
_GO_SPECIAL = ((1 << 23, stat.S_ISUID), (1 << 22, stat.S_ISGID), (1 << 20, stat.S_ISVTX))


class Archive:
    """The /archive endpoint of one container.

    The daemon resolves links in the parents of a path inside the container; the last name is not
    followed. Podman does follow it: there a link that leads nowhere is not found, and the target of
    any other is told as an absolute path.
    """

    def __init__(self, api: DockerApi, container_id: str) -> None:
        self._api = api
        self._path = f"/containers/{container_id}/archive"

    def stat(self, path: str) -> PathStat | None:
        """The entry at `path`; None if there is none."""
        try:
            response = self._api.request("HEAD", self._path, query=_query(path))
        except DaemonError as err:
            if err.status == 404 or self._not_a_directory(path, err):
                return None
            if err.status == 500 and self._leads_to_itself(path):
                # The link's text cannot be had; a link to its own name behaves the same.
                return PathStat("symlink", 0o777, 0, path.rpartition("/")[2])
            raise
        found = _path_stat(response)
        if found.type != "symlink" or self._api.is_podman:
            return found
        # The header has the target resolved to an absolute path; the link itself is in the tar.
        header = self.header(path)
        target = header.linkname if header else None
        return PathStat(found.type, found.mode, found.size, target)

    def header(self, path: str) -> tarfile.TarInfo | None:
        """The tar header of `path` alone: type, mode, owner, link target."""
        try:
            with self._open(path) as response:
                raw = io.BufferedReader(_Raw(response), 4096)
                with tarfile.open(fileobj=raw, mode="r|", **NAMES) as tar:
                    return tar.next()
        except (FileNotFoundError, tarfile.TarError):
            return None
        except (urllib3.exceptions.HTTPError, OSError) as err:
            raise self._api.lost(err) from err

    def read(self, path: str) -> Iterator[bytes]:
        """A tar stream of `path`. It is opened at once, so a missing path is an error here.

        Raises:
            FileNotFoundError: there is nothing at `path`.
        """
        return self._chunks(self._open(path))

    def write(self, tar: Iterable[bytes]) -> None:
        """Unpacks a tar stream at "/"."""
        self._api.request("PUT", self._path, query={"path": "/"}, data=iter(tar), timeout=LONG)

    def _open(self, path: str) -> requests.Response:
        try:
            return self._api.request(
                "GET", self._path, query=_query(path), stream=True, timeout=LONG
            )
        except DaemonError as err:
            if err.status == 404 or self._not_a_directory(path, err):
                raise FileNotFoundError(2, "no such file in the container", path) from err
            raise

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        with response:
            try:
                yield from response.iter_content(256 * 1024)
            except (requests.exceptions.RequestException, OSError) as err:
                raise self._api.lost(err) from err

    def _leads_to_itself(self, path: str) -> bool:
        """Whether `path` is a link without end, which the daemon cannot resolve to tell of it.

        HEAD has no body, so the reason is only in the answer to GET.
        """
        try:
            self._open(path).close()
        except DaemonError as err:
            return "too many links" in err.words
        return False

    def _not_a_directory(self, path: str, err: DaemonError) -> bool:
        """Whether a parent of `path` is a file: the daemon answers 400 or 500 to that."""
        parent = path.rstrip("/").rpartition("/")[0]
        if err.status not in {400, 500} or not parent:
            return False
        found = self.stat(parent)
        return found is None or found.type not in {"dir", "symlink"}


NAMES: dict[str, Any] = {"encoding": "utf-8", "errors": "surrogateescape"}


class _Raw(io.RawIOBase):
    """A response's body as a raw file, for `io.BufferedReader`."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._response.raw.read(min(len(buffer), 512))
        buffer[: len(data)] = data
        return len(data)


def _query(path: str) -> dict[str, bytes]:
    return {"path": path.encode("utf-8", "surrogateescape")}


def _path_stat(response: requests.Response) -> PathStat:
    data = json.loads(base64.b64decode(response.headers["X-Docker-Container-Path-Stat"]))
    go_mode = int(data["mode"])
    kind: FileType = next((name for bit, name in _GO_TYPES if go_mode & bit), "file")
    mode = (go_mode & 0o777) | sum(bits for go, bits in _GO_SPECIAL if go_mode & go)
    size = int(data.get("size") or 0) if kind != "dir" else 0
    return PathStat(kind, mode, size, data.get("linkTarget") if kind == "symlink" else None)
