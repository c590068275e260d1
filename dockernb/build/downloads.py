"""What servers said of the files that ADD fetched, so that they need not be fetched to be known."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from dockernb.oci.private_folder import make_private_folder

__all__ = ["Downloads", "UrlFacts"]

_MOST_BYTES = 16 * 1024


@dataclass(frozen=True)
class UrlFacts:
    """What came with a file.

    Args:
        digest: SHA-256 of its bytes, hex.
        etag, last_modified: As the server sent them; "" for what it did not.
    """

    digest: str
    etag: str = ""
    last_modified: str = ""

    @classmethod
    def of(cls, headers: Message, digest: str) -> UrlFacts:
        """From the headers of an answer."""
        return cls(digest, headers.get("ETag") or "", headers.get("Last-Modified") or "")

    @property
    def conditions(self) -> dict[str, str]:
        """Request headers that ask whether the file is still this one; of two the better one."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


@dataclass(frozen=True)
class Downloads:
    """Facts by URL, a small file each. URLs may hold passwords: only their digests are kept."""

    folder: Path

    def known(self, url: str) -> UrlFacts | None:
        """What was kept of `url`."""
        try:
            with self._file(url).open("rb") as file:
                found = UrlFacts(**json.loads(file.read(_MOST_BYTES)))
        except (OSError, ValueError, TypeError):
            return None
        return found if all(isinstance(text, str) for text in vars(found).values()) else None

    def keep(self, url: str, facts: UrlFacts) -> None:
        """Keeps what can be asked for again. A disk that is full costs a download, no more."""
        if not facts.conditions:
            return
        with suppress(OSError):
            make_private_folder(self.folder)
            with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
                json.dump(dataclasses.asdict(facts), file)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self._file(url))

    def _file(self, url: str) -> Path:
        return self.folder / hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()
