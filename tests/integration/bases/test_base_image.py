"""A base from packages is what debootstrap makes, and works as a base."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dockernb.bases.debian import make_base
from dockernb.bases.name import BaseName
from dockernb.bases.report import Moment, Reporter
from dockernb.errors import BuildInterruptedError

from .conftest import TAG, Made

pytestmark = [pytest.mark.docker, pytest.mark.slow]

LIST = "dpkg-query -W -f '${Package} ${Architecture} ${db:Status-Abbrev}\\n'"


def test_it_holds_the_packages_that_debootstrap_chooses(made: Made) -> None:
    reference = made.engine.find_image("debian:bookworm-slim")
    assert reference is not None
    packages = made.run(LIST)
    assert packages == made.run(LIST, reference.id)
    assert made.base.packages == len(packages.splitlines())


def test_dpkg_finds_nothing_wrong(made: Made) -> None:
    assert made.run("dpkg --audit") == ""
    # Beside what slim images leave out, and the mount points, every file is there.
    missing = (
        "dpkg --verify | grep -v -E ' /usr/share/(doc|info|linda|lintian|locale|man)/' || true"
    )
    assert made.run(missing) == ""


def test_apt_installs_a_server_in_it(made: Made) -> None:
    said = made.run(
        "apt-get update -q && apt-get install -q -y --no-install-recommends redis-server"
        " && redis-server --version && ls /var/cache/apt/archives/*.deb 2>/dev/null | wc -l"
    )
    assert "policy-rc.d denied execution of start" in said
    assert said.splitlines()[-2].startswith("Redis server v=")
    assert said.splitlines()[-1] == "0"


def test_the_layer_is_what_a_build_would_be_given(made: Made) -> None:
    image = made.engine.find_image(TAG)
    assert image is not None
    assert image.id == made.base.image.id
    config = image.config
    assert config.runtime.cmd == ("bash",)
    assert config.runtime.environment == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }
    assert config.platform == made.engine.info().platform
    assert len(config.diff_ids) == 1
    (entry,) = config.history
    assert entry.created_by == "dockernb base debian:bookworm-slim"
    assert not entry.empty_layer
    assert 60_000_000 < image.size < 90_000_000


def test_usr_is_merged(made: Made) -> None:
    links = "readlink /bin /sbin /lib; test -d /usr/lib/apt; command -v sh; cat /etc/debian_version"
    assert made.run(links).split()[:3] == ["usr/bin", "usr/sbin", "usr/lib"]


def test_nothing_of_its_making_is_left(made: Made) -> None:
    leftovers = made.run(
        "ls -d /debs /etc/machine-id /var/log/dpkg.log /var/log/alternatives.log /var/log/apt/*"
        " /var/lib/apt/lists/*_* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb"
        " /var/lib/dpkg/*-old /etc/*- /tmp/* 2>/dev/null || true"
    )
    assert leftovers == ""
    assert made.run("ls -l /usr/sbin/policy-rc.d").startswith("-rwxr-xr-x")


def test_nothing_of_the_machine_is_in_it(made: Made, downloads: Path) -> None:
    with made.engine.open_image(made.base.image.id) as files:
        for path in ("/etc/hostname", "/etc/resolv.conf", "/etc/mtab"):
            found = files.stat(path)
            assert found is None or found.size == 0, path
    # All but the files that a container is given.
    folders = "/etc/apt /etc/dpkg /var/lib/dpkg /var/lib/apt /var/cache /root /usr/local"
    assert made.run(f"grep -rIlF -e '{downloads}' {folders} || true") == ""


def test_owners_and_special_modes_are_dpkgs(made: Made) -> None:
    stat = "stat -c '%a %U:%G %n' /etc/shadow /usr/bin/passwd /usr/bin/su /usr/bin/chage /tmp /root"
    assert made.run(stat).splitlines() == [
        "640 root:shadow /etc/shadow",
        "4755 root:root /usr/bin/passwd",
        "4755 root:root /usr/bin/su",
        "2755 root:shadow /usr/bin/chage",
        "1777 root:root /tmp",
        "700 root:root /root",
    ]


def test_every_phase_is_told(made: Made) -> None:
    phases = list(dict.fromkeys(moment.phase for moment in made.moments))
    assert phases == ["lists", "download", "unpack", "configure", "commit"]
    assert set(made.base.seconds) == {"download", "unpack", "configure", "commit"}
    configured = [m.fraction for m in made.moments if m.phase == "configure"]
    assert configured[-1] == 1.0


@pytest.mark.parametrize("phase", ["unpack", "configure"])
def test_an_interrupted_one_leaves_no_image_and_no_container(
    made: Made, downloads: Path, phase: str
) -> None:
    cancel = threading.Event()

    def stop(moment: Moment) -> None:
        if moment.phase == phase and moment.fraction:
            cancel.set()

    with pytest.raises(BuildInterruptedError):
        make_base(
            made.engine,
            BaseName.parse("debian:bookworm-slim"),
            downloads,
            tag="dockernb-test-base:interrupted",
            reporter=Reporter(moment=stop),
            cancel=cancel,
        )
    assert made.engine.find_image("dockernb-test-base:interrupted") is None
    assert made.run("echo it works") == "it works\n"
