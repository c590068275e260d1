"""Sending blobs and manifests (distribution specification, "Push": POST, then one PUT)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from dockernb.errors import BuildInterruptedError, OciError, RegistryError
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import Descriptor
from dockernb.oci.reference import Reference

from .attempts import with_attempts
from .authorization import Scope
from .endpoint import Endpoint
from .failures import TransientError
from .refusal import refusal
from .transport import Body, Request

__all__ = ["has_blob", "mount_blob", "push_blob", "push_manifest"]

_CHUNK = 256 * 1024
_OK, _CREATED, _ACCEPTED, _NOT_FOUND = 200, 201, 202, 404


class _Upload:
    """A file or bytes as a body; counts what was sent and stops when `cancel` is set."""

    def __init__(self, source: Path | bytes, size: int, cancel: threading.Event) -> None:
        self._source = source
        self._size = size
        self._cancel = cancel
        self.sent = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        self.sent = 0
        for chunk in self._chunks():
            if self._cancel.is_set():
                raise BuildInterruptedError("the push was interrupted")
            yield chunk
            self.sent += len(chunk)

    def _chunks(self) -> Iterator[bytes]:
        if isinstance(self._source, bytes):
            for start in range(0, len(self._source), _CHUNK):
                yield self._source[start : start + _CHUNK]
            return
        with self._source.open("rb") as stream:
            left = self._size
            while left and (chunk := stream.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk


def has_blob(
    endpoint: Endpoint,
    reference: Reference,
    blob: Descriptor,
    scope: Scope,
    cancel: threading.Event,
) -> bool:
    """Whether the repository has the blob."""
    url = endpoint.url_of(f"/v2/{reference.repository}/blobs/{blob.digest}")

    def attempt() -> bool:
        with endpoint.send(Request("HEAD", url), scope, cancel) as answer:
            # A registry that keeps its blobs elsewhere points there: so it has it.
            if _OK <= answer.status < 400:
                return True
            if answer.status == _NOT_FOUND:
                return False
            raise refusal(answer, reference, "push")

    what = f'asking "{endpoint.host}" for "{blob.digest}"'
    return with_attempts(what, attempt, endpoint.settings, cancel)


def push_blob(
    endpoint: Endpoint,
    reference: Reference,
    source: Path | bytes,
    blob: Descriptor,
    on_bytes: Callable[[int], None],
    cancel: threading.Event,
) -> None:
    """Sends a blob that is not there yet; see `RegistryClient.push_blob`."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size != blob.size:
        raise OciError(
            f'the blob "{blob.digest}" cannot be pushed',
            rule=f"expected {blob.size:,} bytes, there are {size:,}",
            state="Nothing was sent.",
        )
    scope = Scope(reference.repository, "pull,push")
    if has_blob(endpoint, reference, blob, scope, cancel):
        on_bytes(blob.size)
        return

    def attempt() -> None:
        # A new upload each time: what a broken one has left is the registry's to remove.
        url = _upload_url(endpoint, reference, blob, scope, cancel)
        _put(endpoint, reference, url, _Upload(source, size, cancel), on_bytes, cancel)

    what = f'pushing "{blob.digest}" of "{reference.familiar}" to "{endpoint.host}"'
    with_attempts(what, attempt, endpoint.settings, cancel)


def mount_blob(
    endpoint: Endpoint,
    reference: Reference,
    blob: Descriptor,
    source: str,
    cancel: threading.Event,
) -> bool:
    """Whether the registry took the blob over from its repository `source` ("Cross-repository blob
    mounting"). Where it does not, or we may not read there, the blob is to be sent.
    """
    query = urlencode({"mount": blob.digest, "from": source})
    url = endpoint.url_of(f"/v2/{reference.repository}/blobs/uploads/?{query}")
    scope = Scope(reference.repository, "pull,push", source)
    try:
        with endpoint.send(Request("POST", url), scope, cancel) as answer:
            return answer.status == _CREATED
    except (RegistryError, TransientError):
        return False


def push_manifest(
    endpoint: Endpoint,
    reference: Reference,
    data: bytes,
    media_type: str,
    cancel: threading.Event,
) -> str:
    """Sends a manifest or an index; see `RegistryClient.push_manifest`."""
    digest = sha256_digest(data)
    version = reference.tag or digest
    url = endpoint.url_of(f"/v2/{reference.repository}/manifests/{version}")
    request = Request("PUT", url, {"Content-Type": media_type}, data)

    def attempt() -> None:
        scope = Scope(reference.repository, "pull,push")
        with endpoint.send(request, scope, cancel) as answer:
            if answer.status not in {_OK, _CREATED}:
                raise refusal(answer, reference, "push")

    what = f'pushing the manifest of "{reference.familiar}" to "{endpoint.host}"'
    with_attempts(what, attempt, endpoint.settings, cancel)
    return digest


def _upload_url(
    endpoint: Endpoint,
    reference: Reference,
    blob: Descriptor,
    scope: Scope,
    cancel: threading.Event,
) -> str:
    url = endpoint.url_of(f"/v2/{reference.repository}/blobs/uploads/")
    with endpoint.send(Request("POST", url), scope, cancel) as answer:
        location = answer.headers.get("Location")
        if answer.status != _ACCEPTED:
            raise refusal(answer, reference, "push")
        if not location:
            raise RegistryError(
                f'the registry "{endpoint.host}" does not say where to send "{blob.digest}"',
                rule="Its answer to POST .../blobs/uploads/ has no Location.",
                hint="Check that it is a registry with the API version 2.",
            )
        target = endpoint.target(location)
    return f"{target}{'&' if urlsplit(target).query else '?'}{urlencode({'digest': blob.digest})}"


def _put(
    endpoint: Endpoint,
    reference: Reference,
    url: str,
    upload: _Upload,
    on_bytes: Callable[[int], None],
    cancel: threading.Event,
) -> None:
    # An empty stream would be sent without a Content-Length.
    body: bytes | Body = upload if len(upload) else b""
    headers = {"Content-Type": "application/octet-stream"}
    scope = Scope(reference.repository, "pull,push")
    shown = 0

    def on_wait() -> None:
        nonlocal shown
        if upload.sent != shown:
            shown = upload.sent
            on_bytes(shown)

    with endpoint.send(Request("PUT", url, headers, body), scope, cancel, on_wait) as answer:
        if answer.status not in {_OK, _CREATED}:
            raise refusal(answer, reference, "push")
    on_bytes(len(upload))
