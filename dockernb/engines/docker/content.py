"""Blobs of the daemon's content store, by digest: manifests and configs, byte for byte.

The Engine API tells neither the manifest of an image nor its layers' blobs. BuildKit in the daemon
does: its endpoint `/grpc`, over which `docker buildx` builds, serves containerd's content service
(moby/buildkit control/control.go, `Register`), read-only. What comes is checked against its digest,
so nothing else of the answer matters.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from dockernb.oci.digest import sha256_digest

from .api import DockerApi
from .http2 import Http2
from .upgrade import upgraded

__all__ = ["ContentStore"]

# The largest manifest or config that is read; registries take no manifest over 4 MiB.
_MOST_BYTES = 16 << 20
_HEADERS = [
    (":method", "POST"),
    (":scheme", "http"),
    (":authority", "localhost"),
    (":path", "/containerd.services.content.v1.Content/Read"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
]
# Protocol Buffers: field 1 of the request (digest) and field 2 of the answers (data), both bytes.
_DIGEST, _DATA = 0x0A, 0x12
_VARINT, _BYTES = 0, 2


class ContentStore:
    """Reads blobs. One connection, for all threads of the process."""

    def __init__(self, api: DockerApi) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._connection: Http2 | None = None

    def read(self, digest: str) -> bytes | None:
        """The blob; None if the daemon does not give it.

        Raises:
            EngineError: it does not offer this.
            EngineNotAvailableError: no connection, or it broke.
        """
        with self._lock:
            kept = self._connection is not None
            try:
                data = self._ask(digest)
            except OSError as err:
                if not kept:
                    raise self._api.lost(err) from err
                data = self._once_more(digest)  # the daemon was started anew
        return data if data is not None and sha256_digest(data) == digest else None

    def close(self) -> None:
        with self._lock:
            self._end()

    def _once_more(self, digest: str) -> bytes | None:
        try:
            return self._ask(digest)
        except OSError as err:
            raise self._api.lost(err) from err

    def _ask(self, digest: str) -> bytes | None:
        if self._connection is None:
            self._connection = Http2(upgraded(self._api, "/grpc", "h2c", "reading of manifests"))
        request = bytes([_DIGEST, len(digest)]) + digest.encode()
        try:
            body = self._connection.post(_HEADERS, _message(request), _MOST_BYTES)
        except BaseException:
            self._end()
            raise
        try:
            return b"".join(_data(message) for message in _messages(body))
        except IndexError:
            return None

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(data: bytes) -> bytes:
    """gRPC: not compressed, length, bytes."""
    return b"\0" + len(data).to_bytes(4, "big") + data


def _messages(body: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(body):
        length = int.from_bytes(body[at + 1 : at + 5], "big")
        yield body[at + 5 : at + 5 + length]
        at += 5 + length


def _data(message: bytes) -> bytes:
    """ReadContentResponse: `int64 offset = 1; bytes data = 2`."""
    found, at = b"", 0
    while at < len(message):
        key = message[at]
        value, at = _varint(message, at + 1)
        if key & 7 == _BYTES:
            if key == _DATA:
                found += message[at : at + value]
            at += value
        elif key & 7 != _VARINT:
            raise IndexError("a field of an unknown type")
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError("a number without an end")
