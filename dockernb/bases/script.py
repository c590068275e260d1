"""The script that makes a base of unpacked files: dpkg installs all packages once more."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

__all__ = ["PACKAGES_FOLDER", "PATH", "install_command"]

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: Where the packages' files are while the script runs.
PACKAGES_FOLDER = "debs"

# Unpacking comes before configuring, and some packages need others configured to be unpacked: with
# --force-depends dpkg says so and goes on, since the files of all of them are there. It configures
# in the order of the dependencies. No start-stop-daemon is replaced: policy-rc.d keeps services
# from being started, and none of these packages has one.
_INSTALL = "dpkg --force-depends --force-unsafe-io --install {packages}"

# What tells of this run, and caches that are made again when they are needed.
_CLEAN = """\
rm -rf /debs
rm -f /var/log/dpkg.log /var/log/alternatives.log /var/log/bootstrap.log /var/log/apt/*
rm -f /var/cache/apt/*.bin /var/cache/apt/archives/*.deb
rm -f /var/cache/ldconfig/aux-cache /var/cache/debconf/*-old /var/lib/dpkg/*-old
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid-
rm -f /etc/machine-id /var/lib/dbus/machine-id
wrong=$(dpkg --audit)
rm -f /var/lib/dpkg/*-old
if [ -n "$wrong" ]; then echo "$wrong"; exit 1; fi
"""


def install_command(files: Sequence[str]) -> tuple[str, ...]:
    """The command of the container.

    Args:
        files: Names of the packages' files. base-passwd comes first: its users and groups own files
            of the others.
    """
    ordered = sorted(files, key=lambda name: not name.startswith("base-passwd_"))
    packages = " ".join(shlex.quote(f"/{PACKAGES_FOLDER}/{name}") for name in ordered)
    return ("/bin/sh", "-ec", _INSTALL.format(packages=packages) + "\n" + _CLEAN)
