"""Names of images, as the distribution project's reference grammar defines them.

    [HOST[:PORT]/]PATH[:TAG][@DIGEST]

What has no host is on Docker Hub (`docker.io`), what has one path component there is below
`library/`, and what has neither tag nor digest has the tag `latest`. Source: distribution's
reference package (`reference.go`, `normalize.go`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import OciError

__all__ = ["DEFAULT_HOST", "Reference"]

DEFAULT_HOST = "docker.io"
_OFFICIAL = "library/"
_LONGEST_NAME = 255

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")


@dataclass(frozen=True)
class Reference:
    """An image name in full.

    Args:
        host: Where the registry is, `HOST[:PORT]`.
        repository: The path below the host, `library/debian`.
        tag: None only if there is a digest.
        digest: Of a manifest, `sha256:...`; it decides where both are given.
    """

    host: str
    repository: str
    tag: str | None = "latest"
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """The reference that `text` stands for.

        Raises:
            OciError: `text` is no image name; the rule says what is wrong with it.
        """
        rest, at, digest = text.partition("@")
        if at and not _DIGEST.fullmatch(digest):
            raise _wrong(text, "a digest is sha256: and 64 hex digits")
        host, path = _split_host(rest)
        head, colon, tag = path.rpartition(":")
        if not colon:
            head, tag = path, ""
        elif not _TAG.fullmatch(tag):
            raise _wrong(text, 'a tag has letters, digits, "_", "." and "-", 128 at most')
        if head != head.lower():
            raise _wrong(text, "the name of a repository is in lower case")
        if not _PATH.fullmatch(head) or not _HOST.fullmatch(host):
            raise _wrong(text, "a name is [HOST[:PORT]/]PATH[:TAG][@DIGEST]")
        if len(host) + 1 + len(head) > _LONGEST_NAME:
            raise _wrong(text, f"a name has {_LONGEST_NAME} characters at most")
        if host == DEFAULT_HOST and "/" not in head:
            head = _OFFICIAL + head
        return cls(host, head, tag or (None if digest else "latest"), digest or None)

    @property
    def familiar(self) -> str:
        """As people write it: `debian:bookworm-slim`, not docker.io/library/debian:..."""
        name = f"{self.host}/{self.repository}"
        if self.host == DEFAULT_HOST:
            short = self.repository.removeprefix(_OFFICIAL)
            name = self.repository if "/" in short else short
        return name + self._suffix

    @property
    def version(self) -> str:
        """What is asked of the registry: the digest, else the tag."""
        return self.digest or self.tag or "latest"

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{self._suffix}"


def _split_host(text: str) -> tuple[str, str]:
    """The host, and what stands after it: a first component with a dot, a port or `localhost`."""
    first, slash, rest = text.partition("/")
    is_host = slash and (first == "localhost" or any(sign in first for sign in ".:"))
    if not is_host and not (slash and first != first.lower()):
        return DEFAULT_HOST, text
    return (DEFAULT_HOST if first == "index.docker.io" else first), rest


def _wrong(text: str, rule: str) -> OciError:
    shown = text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 3] + "..."
    visible = "".join(sign if sign.isprintable() else "?" for sign in shown)
    return OciError(
        f'"{visible}" is no image name', rule=rule, hint="Write it as in `debian:bookworm-slim`."
    )
