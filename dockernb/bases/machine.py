"""What this machine's apt knows, asked of apt itself; works before any `apt-get update`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .programs import Programs
from .sources import Source, options_of, without_password

__all__ = ["Machine", "settings_text"]

_SETTING = re.compile(r'([A-Za-z0-9:._@/+-]+) "([^"\\\n]*)";')
# How an archive is reached, where keys and passwords are. Not the machine's wishes about what is
# fetched, its hooks, or how much it trusts what has no signature.
_FOR_APT = re.compile(r"Acquire::.*|Dir|RootDir|Dir::Etc(::.*)?|Dir::Bin::methods", re.IGNORECASE)
_NOT_FOR_APT = re.compile(
    r"Acquire::(IndexTargets|Changelogs|Languages|CompressionTypes|GzipIndexes|Allow|cdrom)"
    r"|Dir::Etc::(sourcelist|sourceparts|parts|main|preferences|preferencesparts)$",
    re.IGNORECASE,
)
_FOR_IMAGES = re.compile(
    r"Acquire::(https?::Proxy(::.*)?|Check-Valid-Until|Check-Date)", re.IGNORECASE
)
# Suites, and addresses that apt reads from another place than a network, are in here too.
_FORM = "$(RELEASE)|$(SOURCESENTRY)|$(REPO_URI)"
_MAIN = ("Created-By: Packages", "Component: main")
_MAX_FILE = 1 << 20


@dataclass(frozen=True)
class Machine:
    """The machine's apt.

    Args:
        settings: apt's whole configuration, `Acquire::http::Proxy` -> value; lists are left out.
        sources: The archives of its component main, in its order.
    """

    settings: Mapping[str, str]
    sources: tuple[Source, ...]

    @classmethod
    def read(cls, programs: Programs) -> Machine:
        """Asks apt."""
        settings: dict[str, str] = {}

        def setting(line: str) -> None:
            matched = _SETTING.fullmatch(line)
            if matched and matched[2] and not matched[1].endswith("::"):
                settings[matched[1]] = matched[2]

        programs.run(["apt-config", "dump"], setting)
        rows: dict[str, None] = {}
        # Without --no-release-info only archives are listed whose lists were fetched before.
        programs.run(
            ["apt-get", "indextargets", "--no-release-info", "--format", _FORM, *_MAIN],
            lambda line: rows.update({line: None}),
        )
        return cls(settings, tuple(_sources(rows)))

    def for_apt(self) -> dict[str, str]:
        """The settings that our own apt shares with the machine's."""
        return {
            name: value
            for name, value in self.settings.items()
            if _FOR_APT.fullmatch(name) and not _NOT_FOR_APT.match(name)
        }

    def for_images(self) -> dict[str, str]:
        """The settings that apt in a container needs to reach the same archives.

        A proxy with a password is left out: an image is given away.
        """
        return {
            name: value
            for name, value in self.settings.items()
            if _FOR_IMAGES.fullmatch(name) and without_password(value) == value
        }


def settings_text(settings: Mapping[str, str]) -> str:
    """The settings in the format of apt.conf(5)."""
    return "".join(f'{name} "{value}";\n' for name, value in settings.items())


def _sources(rows: Mapping[str, None]) -> Iterator[Source]:
    for row in rows:
        suite, entry, uri = row.split("|", 2)
        if urlsplit(uri).scheme and re.fullmatch(r"[A-Za-z0-9._/-]+", suite):
            yield Source(uri, suite, _options(entry))


def _options(entry: str) -> dict[str, str]:
    """The options at `FILE:NUMBER`, where apt read a source."""
    name, _, number = entry.rpartition(":")
    path = Path(name)
    try:
        if not number.isdecimal() or path.stat().st_size > _MAX_FILE:
            return {}
        text = path.read_text("utf-8", "replace")
    except OSError:
        return {}
    return options_of(text, int(number), is_deb822=path.suffix == ".sources")
