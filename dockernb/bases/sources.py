"""Archives that apt reads: what the machine says of them, and which of them make a base."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

from .name import SUITES

__all__ = ["Source", "choose", "one_line", "options_of", "stanza", "without_password"]

#: What a release has beside itself: the rest is not for everybody (backports, proposed-updates).
_KINDS = ("", "-updates", "-security")
_ALIASES = ("oldstable", "stable", "testing", "bullseye", "forky", *SUITES)

# Fields of sources.list(5) that say how far an archive is trusted. All others are about what is
# fetched, and that is decided here.
_TRUST = {
    "signed-by": "Signed-By",
    "trusted": "Trusted",
    "check-valid-until": "Check-Valid-Until",
    "check-date": "Check-Date",
    "valid-until-max": "Valid-Until-Max",
    "valid-until-min": "Valid-Until-Min",
    "date-max-future": "Date-Max-Future",
}
#: Those that a container can follow as well: it has Debian's keys, and no others of the machine.
_TRUST_IN_IMAGE = ("Trusted", "Check-Valid-Until", "Check-Date")
_ONE_LINE = re.compile(r"\s*deb\s+\[([^\]]*)\]")


@dataclass(frozen=True)
class Source:
    """One suite of one archive.

    Args:
        uri: Address of the archive, the folder that holds `dists/`.
        suite: `bookworm`, `bookworm-security`...
        options: Fields of sources.list(5) that say how far it is trusted.
    """

    uri: str
    suite: str
    options: Mapping[str, str] = field(default_factory=dict)


def choose(found: Iterable[Source], suite: str) -> list[Source]:
    """The sources that a base of `suite` is made of.

    These are the machine's own if it reads that suite, else its archives of another Debian release,
    asked for this one.
    """
    all_found = list(found)
    for name in (suite, *_ALIASES):
        kinds = {name + kind: suite + kind for kind in _KINDS}
        chosen = [
            replace(source, suite=kinds[source.suite])
            for source in all_found
            if source.suite in kinds
        ]
        if any(source.suite == suite for source in chosen):
            return chosen
    return []


def options_of(text: str, number: int, *, is_deb822: bool) -> dict[str, str]:
    """The trust options of one entry in a file of sources.

    Args:
        text: The file's content.
        number: Which entry, from 1: a stanza of a `.sources` file, else a line.
    """
    if is_deb822:
        fields = _stanza_fields(text, number)
    else:
        lines = text.splitlines()
        matched = _ONE_LINE.match(lines[number - 1]) if 0 < number <= len(lines) else None
        words = matched[1].split() if matched else []
        fields = dict(word.split("=", 1) for word in words if "=" in word)
    lowered = {name.lower().rstrip("+-"): value for name, value in fields.items()}
    return {_TRUST[name]: value for name, value in lowered.items() if name in _TRUST}


def stanza(source: Source) -> str:
    """The source for our own apt, in the deb822 format."""
    rows = [
        "Types: deb",
        f"URIs: {source.uri}",
        f"Suites: {source.suite}",
        "Components: main",
        *(f"{name}: {value}" for name, value in source.options.items()),
    ]
    return "\n".join(rows) + "\n"


def one_line(source: Source) -> str | None:
    """The source for the image's sources.list; None if a container cannot reach it."""
    if urlsplit(source.uri).scheme not in {"http", "https"}:
        return None
    words = " ".join(
        f"{name.lower()}={source.options[name]}"
        for name in _TRUST_IN_IMAGE
        if name in source.options
    )
    options = f"[{words}] " if words else ""
    return f"deb {options}{without_password(source.uri)} {source.suite} main\n"


def without_password(uri: str) -> str:
    """The address without user and password: an image is given away."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _stanza_fields(text: str, number: int) -> dict[str, str]:
    """Fields of a stanza in the deb822 format; a value keeps its continuation lines."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    stanzas = re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines).strip("\n"))
    if not 0 < number <= len(stanzas):
        return {}
    fields: dict[str, str] = {}
    name = ""
    for line in stanzas[number - 1].splitlines():
        if line[:1] in {" ", "\t"} and name:
            fields[name] += "\n" + line
        else:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields
