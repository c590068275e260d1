"""Sources that are no paths: URLs and git repositories.

Source of the rules: `dispatchCopy` in BuildKit's `dockerfile2llb/convert.go`, `util/gitutil`.
"""

from __future__ import annotations

import re

from dockernb.errors import DockerfileError

from .copy_request import CopyRequest

__all__ = ["check_sources", "is_git", "is_url", "without_credentials"]

_GIT_URL = re.compile(r"https?://[^#?]*\.git([?#].*)?|(git|ssh)://.*", re.IGNORECASE)
_GIT_SSH = re.compile(r"[\w.+-]+@[\w.-]+:[^\s]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*@")
_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")


def is_git(source: str) -> bool:
    """Whether the source names a git repository: `https://host/repo.git`, `git@host:repo`..."""
    return bool(_GIT_URL.fullmatch(source) or _GIT_SSH.fullmatch(source))


def is_url(source: str) -> bool:
    """Whether the source is a file to download."""
    return source.startswith(("http://", "https://")) and not is_git(source)


def without_credentials(text: str) -> str:
    """The text with user and password taken out of the URLs in it."""
    return _CREDENTIALS.sub("", text)


def check_sources(request: CopyRequest) -> None:
    """Refuses what the instruction cannot take.

    Raises:
        DockerfileError: COPY of a URL, or --checksum where it has no meaning.
    """
    for source in request.sources:
        if (is_git(source) or is_url(source)) and not request.is_add:
            kind = "a git repository" if is_git(source) else "a URL"
            raise DockerfileError(
                f'COPY cannot take {kind}: "{source}"',
                hint="COPY takes files of the build context; write ADD for what is elsewhere.",
            )
    if request.checksum:
        _check_checksum(request)


def _check_checksum(request: CopyRequest) -> None:
    if not request.is_add or len(request.sources) != 1 or not is_url(request.sources[0]):
        raise DockerfileError(
            "--checksum needs ADD with exactly one source, an http(s) URL",
            hint="Remove --checksum, or write one ADD for each URL.",
        )
    if not _CHECKSUM.fullmatch(request.checksum):
        raise DockerfileError(
            f'invalid --checksum value "{request.checksum}"',
            rule="It is `sha256:` and 64 hex digits in lower case.",
        )
