"""Names of bases, `debian:SUITE[-slim]`, and the architecture behind a platform."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from dockernb.errors import BaseImageError, OciError
from dockernb.oci.config import Platform
from dockernb.oci.reference import DEFAULT_HOST, Reference

__all__ = ["SUITES", "BaseName", "debian_architecture", "known_names"]

#: Debian releases with merged /usr, oldest first, and the number that is their other name.
SUITES = {"bookworm": "12", "trixie": "13"}
_SLIM = "-slim"
_REPOSITORY = "library/debian"

# Platform (as Go writes it) -> architecture (as dpkg does).
_ARCHITECTURES = {
    "amd64": "amd64",
    "386": "i386",
    "arm64": "arm64",
    "arm64/v8": "arm64",
    "arm/v5": "armel",
    "arm/v6": "armel",
    "arm/v7": "armhf",
    "arm": "armhf",
    "ppc64le": "ppc64el",
    "riscv64": "riscv64",
    "s390x": "s390x",
}


@dataclass(frozen=True)
class BaseName:
    """A base that can be made.

    Args:
        suite: Code name of the Debian release.
        is_slim: Whether manuals, translations and documents are left out.
        reference: The name as it was asked for, in familiar form; what the image is called.
    """

    suite: str
    is_slim: bool
    reference: str

    @classmethod
    def parse(cls, text: str) -> BaseName:
        """The base that `text` names: `debian:bookworm`, `debian:12-slim`...

        Raises:
            BaseImageError: There is no such base; the text lists what can be made.
        """
        try:
            reference = Reference.parse(text)
        except OciError as err:
            raise _unknown(text, err.rule or "") from err
        tag = reference.tag or ""
        numbers = {number: suite for suite, number in SUITES.items()}
        suite = tag.removesuffix(_SLIM)
        suite = numbers.get(suite, suite)
        is_debian = (reference.host, reference.repository) == (DEFAULT_HOST, _REPOSITORY)
        if not is_debian or reference.digest or suite not in SUITES:
            raise _unknown(text)
        return cls(suite, tag.endswith(_SLIM), reference.familiar)


def known_names() -> list[str]:
    """The names that can be made, newest release last."""
    return [f"debian:{suite}{end}" for suite in SUITES for end in ("", _SLIM)]


def debian_architecture(platform: Platform) -> str:
    """The platform's architecture as dpkg calls it.

    Raises:
        BaseImageError: Debian has no such architecture.
    """
    name = "/".join(part for part in (platform.architecture, platform.variant) if part)
    if platform.os != "linux" or name not in _ARCHITECTURES:
        raise BaseImageError(
            f'Debian has no packages for the platform "{platform}"',
            rule="architectures: " + ", ".join(sorted(set(_ARCHITECTURES.values()))),
        )
    return _ARCHITECTURES[name]


def _unknown(text: str, rule: str = "") -> BaseImageError:
    known = known_names()
    close = difflib.get_close_matches(text, known, n=1)
    guess = f" (did you mean {close[0]}?)" if close else ""
    return BaseImageError(
        f'"{text}" is no base that can be made from packages{guess}',
        rule=rule or None,
        hint="What can be made: " + ", ".join(known),
    )
