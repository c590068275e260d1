"""ADD of a URL: the file is downloaded, checked and taken as a file of root with mode 0600.

Source of the rules: BuildKit's `source/http/source.go`.
"""

from __future__ import annotations

import email.utils
import hashlib
import http
import http.client
import posixpath
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, replace

from dockernb.engines.base import OnProgress, Progress
from dockernb.errors import BuildError, BuildInterruptedError, ContextError

from .copy_items import CopyItem
from .downloads import Downloads, UrlFacts
from .remote_source import without_credentials
from .source_entry import OpenedBy, SourceEntry
from .spool import Spool

__all__ = ["MAX_BYTES", "UrlSource", "file_name"]

MAX_BYTES = 16 * 1024**3
_PIECE = 256 * 1024
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class UrlSource:
    """A file to download, once it is known what it is.

    Args:
        checksum: `sha256:...`, sha384 or sha512 that its bytes must have; "" for any.
        unpack: Whether an archive is unpacked.
        digest: SHA-256 (hex) of the bytes, or `checksum`; "" until `resolved`.
        entry: The file, where it has been downloaded to learn that.
    """

    url: str
    checksum: str = ""
    unpack: bool = False
    digest: str = ""
    entry: SourceEntry | None = None

    @property
    def shown(self) -> str:
        """`url` without a password."""
        return without_credentials(self.url)

    def resolved(
        self,
        downloads: Downloads | None = None,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> UrlSource:
        """With its digest. With a checksum nobody is asked; a server that knows the file from
        earlier says in a few bytes that it is still the same; else it is downloaded.

        Raises:
            BuildError: The server does not answer or refuses.
            BuildInterruptedError: `cancel` was set.
        """
        if self.checksum:
            return replace(self, digest=self.checksum.removeprefix("sha256:"))
        known = downloads.known(self.url) if downloads is not None else None
        entry, facts = self._download(known, on_progress, cancel)
        if facts is None:
            assert known is not None  # noqa: S101  (only what is known can be unchanged)
            return replace(self, digest=known.digest)
        if downloads is not None:
            downloads.keep(self.url, facts)
        return replace(self, digest=facts.digest, entry=entry)

    def item(
        self, on_progress: OnProgress | None = None, cancel: threading.Event | None = None
    ) -> CopyItem:
        """The file; downloaded now if it has not been.

        Raises:
            BuildError: It cannot be fetched, or its checksum differs.
            ContextError: It is not what it was a moment ago.
        """
        entry = self.entry
        if entry is None:
            entry, facts = self._download(None, on_progress, cancel)
            if not self.checksum and (facts is None or facts.digest != self.digest):
                raise ContextError(
                    f'"{self.url}" changed while it was being fetched', hint="Run the cell again."
                )
        assert entry is not None  # noqa: S101  (nothing was said of what is known)
        return CopyItem(file_name(self.url), self.url, entry, may_unpack=self.unpack)

    def _download(
        self,
        known: UrlFacts | None,
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
    ) -> tuple[SourceEntry | None, UrlFacts | None]:
        """The file and what is known of it now; nothing if it is still what is `known`."""
        headers = {"User-Agent": "dockernb", **(known.conditions if known else {})}
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310
        spool = Spool()
        algorithm = self.checksum.partition(":")[0] or "sha256"
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                digest, size = _read(self.url, response, spool, algorithm, on_progress, cancel)
                facts = UrlFacts.of(response.headers, digest.partition(":")[2])
        except urllib.error.HTTPError as err:
            err.close()
            if err.code == http.HTTPStatus.NOT_MODIFIED and known is not None:
                return None, None
            raise BuildError(
                f'"{self.url}" cannot be fetched: status {err.code} {err.reason}',
                hint="Look whether the address is right.",
            ) from err
        except (OSError, http.client.HTTPException, ValueError) as err:
            reason = getattr(err, "reason", None) or err
            raise BuildError(
                f'"{self.url}" cannot be fetched: {reason}',
                hint="Look whether the address is right and this machine reaches it.",
            ) from err
        if self.checksum and digest != self.checksum:
            raise BuildError(
                f'the checksum of "{self.url}" is wrong',
                rule=f"expected {self.checksum}\n     got {digest}",
                hint="Look at what the address gives now before you change --checksum.",
            )
        content = OpenedBy(spool.opener(0, size))
        mtime = _last_modified(facts.last_modified)
        return SourceEntry("file", 0o600, size=size, mtime=mtime, content=content), facts


def file_name(url: str) -> str:
    """What the file is called in a destination directory: the last part of the URL's path."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path)
    base = posixpath.basename(posixpath.normpath(path)) if path else ""
    return base if base not in {"", ".", ".."} else "__unnamed__"


def _read(
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
