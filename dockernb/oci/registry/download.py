"""Fetching blobs (distribution specification, "Pulling blobs"), going on after a break."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path

from dockernb.errors import DigestMismatchError, DockernbError, RegistryError
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import Descriptor
from dockernb.oci.reference import Reference

from .attempts import with_attempts
from .authorization import Scope
from .endpoint import Endpoint
from .failures import TransientError
from .part_file import PartFile, open_part
from .refusal import refusal
from .transport import Answer, Request

__all__ = ["fetch_blob", "read_blob"]

_RANGE = re.compile(r"bytes (?P<first>\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")
_OK, _PARTIAL, _NOT_FOUND, _NOT_SATISFIABLE = 200, 206, 404, 416


def fetch_blob(
    endpoint: Endpoint,
    reference: Reference,
    blob: Descriptor,
    target: Path,
    on_bytes: Callable[[int], None],
    cancel: threading.Event,
) -> None:
    """Puts the bytes of `blob` at `target`; see `RegistryClient.fetch`."""
    what = f'fetching "{blob.digest}" of "{reference.familiar}" from "{endpoint.host}"'
    with open_part(target, blob, cancel) as part:
        if _is_there(target, blob):
            # Another process was quicker, or an earlier pull ended between rename and record.
            part.remove()
            on_bytes(blob.size)
            return

        def attempt() -> None:
            on_bytes(part.size)
            if not part.is_whole:
                _go_on(endpoint, reference, blob, part, on_bytes, cancel)
            if part.is_resumed and not part.has_right_digest():
                # What an earlier process left may be what is wrong, not what has come now.
                part.start_over()
                raise TransientError("what an earlier attempt had left was wrong", wait=0)
            part.finish()

        with_attempts(what, attempt, endpoint.settings, cancel, lambda: part.size)


def read_blob(
    endpoint: Endpoint,
    reference: Reference,
    blob: Descriptor,
    limit: int,
    cancel: threading.Event,
) -> bytes:
    """The bytes of a small blob, an image config for instance; see `RegistryClient.read`."""
    what = f'reading "{blob.digest}" of "{reference.familiar}" from "{endpoint.host}"'
    request = _request(endpoint, reference, blob)

    def attempt() -> bytes:
        with endpoint.send(request, Scope(reference.repository), cancel) as answer:
            if answer.status != _OK:
                raise _refusal(answer, reference, blob)
            return answer.read(limit, f'the blob "{blob.digest}"')

    data = with_attempts(what, attempt, endpoint.settings, cancel)
    if len(data) != blob.size or sha256_digest(data) != blob.digest:
        raise DigestMismatchError(
            f'the blob "{blob.digest}" did not arrive as it should be',
            rule=f"expected {blob.size:,} bytes with this digest, "
            f"got {len(data):,} bytes with {sha256_digest(data)}",
            state="Nothing was kept.",
            hint="Pull again; if it happens again, do not trust this registry.",
        )
    return data


def _go_on(
    endpoint: Endpoint,
    reference: Reference,
    blob: Descriptor,
    part: PartFile,
    on_bytes: Callable[[int], None],
    cancel: threading.Event,
) -> None:
    """One request for what `part` lacks."""
    request = _request(endpoint, reference, blob, part.size)
    with endpoint.send(request, Scope(reference.repository), cancel) as answer:
        if answer.status == _NOT_SATISFIABLE and part.size:
            part.start_over()
            raise TransientError("the registry did not go on where we were", wait=0)
        if answer.status not in {_OK, _PARTIAL}:
            raise _refusal(answer, reference, blob)
        if part.size and not (answer.status == _PARTIAL and _first(answer) == part.size):
            part.start_over()  # the whole blob comes, or something that we did not ask for
            if answer.status == _PARTIAL:
                raise TransientError("the registry did not go on where we were", wait=0)
        elif not part.size and answer.status == _PARTIAL:
            raise TransientError("the registry sent a part that was not asked for")
        for piece in answer.pieces:
            part.append(piece)
            on_bytes(part.size)
    if not part.is_whole:
        raise TransientError(f"the answer was cut off after {part.size:,} bytes")


def _is_there(target: Path, blob: Descriptor) -> bool:
    """Whether the target is the blob already."""
    try:
        if target.lstat().st_size != blob.size:
            return False
        with target.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}" == blob.digest
    except OSError:
        return False


def _first(answer: Answer) -> int | None:
    match = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
    return int(match["first"]) if match else None


def _request(endpoint: Endpoint, reference: Reference, blob: Descriptor, start: int = 0) -> Request:
    url = endpoint.url_of(f"/v2/{reference.repository}/blobs/{blob.digest}")
    return Request("GET", url, {"Range": f"bytes={start}-"} if start else {})


def _refusal(
    answer: Answer, reference: Reference, blob: Descriptor
) -> DockernbError | TransientError:
    if answer.status == _NOT_FOUND:
        return RegistryError(
            f'the registry "{reference.host}" has lost "{blob.digest}" of "{reference.familiar}"',
            rule="The image's manifest names it, but it is not there.",
            hint="Pull again; if it stays so, the image must be pushed again.",
        )
    return refusal(answer, reference, "pull")
