"""The files that a base has beside its packages, as Docker's own Debian images have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .machine import settings_text
from .sources import Source, one_line

__all__ = ["BaseFile", "base_files"]


@dataclass(frozen=True)
class BaseFile:
    """A file of root's.

    Args:
        path: Relative to the root.
    """

    path: str
    text: str
    mode: int = 0o644


# Left out by slim images; Debian's terms ask for the copyright files to stay.
_SLIM_EXCLUDES = (
    "doc/*",
    "groff/*",
    "info/*",
    "linda/*",
    "lintian/overrides/*",
    "locale/*",
    "man/*",
)
_SLIM = "".join(f"path-exclude /usr/share/{path}\n" for path in _SLIM_EXCLUDES) + (
    "path-include /usr/share/doc/*/copyright\n"
)

_APT = {
    # No downloads stay in a layer.
    "docker-clean": 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb '
    '/var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };\n'
    'APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb '
    '/var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };\n'
    'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
    "docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    "docker-no-languages": 'Acquire::Languages "none";\n',
    # What a package only suggests does not keep another one from being removed.
    "docker-autoremove-suggests": 'Apt::AutoRemove::SuggestsImportant "false";\n',
}

# dpkg's database before the first package.
_DPKG = {"status": "", "available": "", "info/format": "1\n", "diversions": ""}


def base_files(
    sources: Sequence[Source], settings: Mapping[str, str], *, is_slim: bool
) -> list[BaseFile]:
    """All files that are there before dpkg runs.

    Args:
        sources: Become the image's sources.list, where a container can reach them.
        settings: What apt needs in a container on this machine, its proxy for example.
    """
    lines = dict.fromkeys(line for source in sources if (line := one_line(source)))
    files = [
        BaseFile("etc/apt/sources.list", "".join(lines)),
        *(BaseFile(f"etc/apt/apt.conf.d/{name}", text) for name, text in _APT.items()),
        *(BaseFile(f"var/lib/dpkg/{name}", text) for name, text in _DPKG.items()),
        # A container's disk is thrown away: nothing is gained by waiting for it.
        BaseFile("etc/dpkg/dpkg.cfg.d/docker-apt-speedup", "force-unsafe-io\n"),
        # Packages must not start services in a container (invoke-rc.d(8)).
        BaseFile("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755),
    ]
    if settings:
        files.append(BaseFile("etc/apt/apt.conf.d/dockernb-machine", settings_text(settings)))
    if is_slim:
        files.append(BaseFile("etc/dpkg/dpkg.cfg.d/docker-slim", _SLIM))
    return files
