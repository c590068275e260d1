"""Debian's mirror as this machine knows it, and packages from it.

No mirror is named in the project: the addresses come from the machine's own apt configuration.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.testbed.errors import TestbedError
from tests.testbed.process import need_root, run, say, system_environment

#: What a container must be told, too, so that apt works there as it does on this machine.
COPIED_SETTINGS = (
    "Acquire::http::Proxy",
    "Acquire::https::Proxy",
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
)
#: Whose signatures count for a suite that the machine's apt does not read.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Source:
    """One Debian archive that the machine's apt reads."""

    label: str
    codename: str
    uri: str


@cache
def update() -> None:
    """Fetch the package lists once per process."""
    need_root("fetching the package lists")
    say("fetching the package lists")
    # A third party's archive may be out of reach; installing says whether what we need is there.
    with contextlib.suppress(TestbedError):
        run(["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"])


@cache
def sources() -> tuple[Source, ...]:
    """The Debian archives configured on this machine, in its order."""
    update()
    form = "$(ORIGIN)|$(LABEL)|$(CODENAME)|$(REPO_URI)"
    listed = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    rows = [line.split("|", 3) for line in dict.fromkeys(listed.splitlines())]
    return tuple(Source(row[1], row[2], row[3]) for row in rows if row[0] == "Debian")


def mirror() -> str:
    """The Debian archive to bootstrap from."""
    for source in sources():
        if source.label == "Debian":
            return source.uri
    raise TestbedError(
        "this machine's apt reads no Debian archive that answers, and the testbed is made of "
        "Debian's packages: add a Debian mirror to /etc/apt/sources.list"
    )


def settings() -> dict[str, str]:
    """The machine's apt settings that containers need as well (proxy, clock checks)."""
    found = {}
    for line in run(["apt-config", "dump"]).splitlines():
        name, _, value = line.rstrip(";").partition(" ")
        if name in COPIED_SETTINGS and value.strip('"'):
            found[name] = value.strip('"')
    return found


def install(program: str, *packages: str) -> str:
    """Install Debian packages on the machine unless the program is there; returns its path."""
    found = shutil.which(program)
    if found is None:
        need_root(f"installing {packages[0]}")
        update()
        say(f"installing {' '.join(packages)}")
        options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "install", *options, *packages], environment=quiet)
        found = shutil.which(program)
    if found is None:
        raise TestbedError(f"{packages[0]} is installed, but {program} is not on the PATH")
    return found


def install_in(root: Path, program: str, *packages: str) -> None:
    """Install Debian packages in a root file system unless the program (a path) is there.

    No service is started: policy-rc.d says no to each.
    """
    if (root / program.lstrip("/")).exists():
        return
    need_root(f"installing {packages[0]}")
    say(f"installing {' '.join(packages)} in {root}")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    copied = "".join(f'{name} "{value}";\n' for name, value in settings().items())
    (root / "etc/apt/apt.conf.d/testbed").write_text(copied)
    # A mount namespace of its own: what is mounted for the installation goes away with it.
    script = (
        'mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && root=$1 && shift && '
        'exec chroot "$root" sh -ec '
        '\'apt-get update && apt-get install -y --no-install-recommends "$@"\' sh "$@"'
    )
    run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(root), *packages],
        environment=system_environment(),
    )


def debootstrap(suite: str, target: Path, cache_folder: Path, log: Path, *include: str) -> None:
    """Make a minimal Debian root file system; it appears at `target` only once complete."""
    need_root("making a Debian root file system")
    program = install("debootstrap", "debootstrap")
    partial = target.with_name(target.name + ".partial")
    remove_tree(partial)
    cache_folder.mkdir(parents=True, exist_ok=True)
    options = ["--variant=minbase", f"--cache-dir={cache_folder}"]
    if include:
        options.append("--include=" + ",".join(include))
    say(f"making a Debian {suite} root file system (log: {log})")
    # A mount namespace of its own: what debootstrap mounts in there goes away with it.
    command = ["unshare", "--mount", program, *options, suite, str(partial), mirror()]
    run(command, log=log, environment=system_environment() | proxy_variables())
    remove_tree(target)
    partial.rename(target)


def unpack(suite: str, cache_folder: Path, root: Path, *packages: str) -> None:
    """Unpack packages of a suite that the machine's apt does not read, without installing them."""
    cache_folder.mkdir(parents=True, exist_ok=True)
    sources = cache_folder / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
    settings = {
        "Dir::State": cache_folder / "apt",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": cache_folder / "apt",
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    say(f"fetching {' '.join(packages)} of Debian {suite}")
    script = (
        'cd "$1" && root=$2 && shift 2 && apt-get update "$@" && rm -f *.deb && '
        f'apt-get download "$@" {" ".join(packages)} && '
        'for package in *.deb; do dpkg-deb -x "$package" "$root"; done'
    )
    run(["sh", "-ec", script, "sh", str(cache_folder), str(root), *options])


def remove_tree(folder: Path) -> None:
    """Remove a root file system, never following it into something mounted there."""
    run(["rm", "-rf", "--one-file-system", str(folder)])


def proxy_variables() -> dict[str, str]:
    """apt's own proxy settings for a program that knows only the environment's."""
    known = settings()
    return {
        f"{scheme}_proxy": known[name]
        for scheme in ("http", "https")
        if (name := f"Acquire::{scheme}::Proxy") in known and known[name] != "DIRECT"
    }
