"""ADD of a URL: the file is downloaded, checked and taken as a file of root with mode 0600.

Source of the rules: BuildKit's `source/http/source.go`.
"""

from __future__ import annotations

import email.utils
import hashlib
import http.client
import posixpath
import threading
import urllib.error
import urllib.parse
import urllib.request

from dockernb.engines.base import OnProgress, Progress
from dockernb.errors import BuildError, BuildInterruptedError

from .source_entry import OpenedBy, SourceEntry
from .spool import Spool

__all__ = ["MAX_BYTES", "fetch", "file_name"]

MAX_BYTES = 16 * 1024**3
_PIECE = 256 * 1024
_TIMEOUT_SECONDS = 60


def fetch(
    url: str,
    checksum: str = "",
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[SourceEntry, str]:
    """Downloads `url`; returns the file and its name. It is deleted when the entry is let go.

    Args:
        checksum: `sha256:...`, sha384 or sha512 of the bytes; "" for none.

    Raises:
        BuildError: The server does not answer or refuses, or the bytes differ from `checksum`.
        BuildInterruptedError: `cancel` was set.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "dockernb"})  # noqa: S310
    spool = Spool()
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            algorithm = checksum.partition(":")[0] or "sha256"
            digest, size = _download(url, response, spool, algorithm, on_progress, cancel)
            mtime = _last_modified(response.headers.get("Last-Modified"))
    except urllib.error.HTTPError as err:
        err.close()
        raise BuildError(
            f'"{url}" cannot be fetched: status {err.code} {err.reason}',
            hint="Look whether the address is right.",
        ) from err
    except (OSError, http.client.HTTPException, ValueError) as err:
        reason = getattr(err, "reason", None) or err
        raise BuildError(
            f'"{url}" cannot be fetched: {reason}',
            hint="Look whether the address is right and this machine reaches it.",
        ) from err
    if checksum and digest != checksum:
        raise BuildError(
            f'the checksum of "{url}" is wrong',
            rule=f"expected {checksum}\n     got {digest}",
            hint="Look at what the address gives now before you change --checksum.",
        )
    content = OpenedBy(spool.opener(0, size))
    return SourceEntry("file", 0o600, size=size, mtime=mtime, content=content), file_name(url)


def file_name(url: str) -> str:
    """What the file is called in a destination directory: the last part of the URL's path."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    base = posixpath.basename(posixpath.normpath(path)) if path else ""
    return base if base not in {"", ".", ".."} else "__unnamed__"


def _download(
    url: str,
    response: http.client.HTTPResponse,
    spool: Spool,
    algorithm: str,
    on_progress: OnProgress | None,
    cancel: threading.Event | None,
) -> tuple[str, int]:
    """The digest and size of what was written to `spool`."""
    total = int(response.headers.get("Content-Length") or 0)
    hasher, size = hashlib.new(algorithm), 0
    while piece := response.read(_PIECE):
        if cancel is not None and cancel.is_set():
            raise BuildInterruptedError(f'fetching "{url}" was interrupted')
        size += len(piece)
        if size > MAX_BYTES:
            raise BuildError(f'"{url}" gives more than {MAX_BYTES // 1024**3} GB')
        hasher.update(piece)
        spool.write(piece)
        if on_progress is not None:
            on_progress(Progress(file_name(url), "downloading", size, total))
    if total and size != total:
        raise BuildError(f'"{url}" cannot be fetched: it broke off after {size} of {total} bytes')
    return f"{algorithm}:{hasher.hexdigest()}", size


def _last_modified(header: str | None) -> int:
    """Unix time of the header; 0 without one, as in BuildKit."""
    try:
        return int(email.utils.parsedate_to_datetime(header).timestamp()) if header else 0
    except ValueError:
        return 0
