"""The base images, made from Debian's packages because none can be pulled.

Their tars are kept in the state folder: a new daemon gets them by an import of two seconds.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import apt, docker
from tests.testbed.layout import Layout
from tests.testbed.process import SYSTEM_PATH, run, say


@dataclass(frozen=True)
class BaseImage:
    """A base image: its name, its tar in the cache, and the config it is imported with."""

    name: str
    tar: str
    changes: tuple[str, ...] = ()


BASE_IMAGES = (
    BaseImage("busybox:latest", "busybox.tar", ('CMD ["sh"]', f"ENV PATH={SYSTEM_PATH}")),
    # The same tree without any config: what `RUN` and `CMD` do without a PATH or a parent's CMD.
    BaseImage("busybox:noconfig", "busybox.tar"),
    BaseImage(
        "debian:bookworm-slim", "bookworm-slim.tar", ('CMD ["bash"]', f"ENV PATH={SYSTEM_PATH}")
    ),
)

#: Parts of a Debian tree that the slim images leave out.
NOT_SLIM = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/lintian",
    "var/log/bootstrap.log",
    "var/log/dpkg.log",
    "var/log/alternatives.log",
    "var/cache/ldconfig/aux-cache",
)

#: apt in a container keeps no downloads and starts no services, as in Docker's own Debian images.
CONTAINER_APT = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
"""
NO_SERVICES = "#!/bin/sh\nexit 101\n"
SLIM_DPKG = "".join(f"path-exclude /{path}/*\n" for path in NOT_SLIM if path.startswith("usr/"))


def up(layout: Layout) -> None:
    """Make the tars that are missing and import the images that the daemon does not have."""
    docker.up(layout)
    for image in BASE_IMAGES:
        if docker.image_id(layout, image.name):
            continue
        tar = make_tar(layout, image.tar)
        say(f"importing {image.name}")
        options = [word for change in image.changes for word in ("--change", change)]
        docker.cli(layout, "import", *options, "-", image.name, stdin=tar)


def make_tar(layout: Layout, name: str) -> Path:
    """The tar of a base image's tree, made once."""
    tar = layout.images / name
    if not tar.exists():
        partial = tar.with_name(name + ".partial")
        {"busybox.tar": _busybox, "bookworm-slim.tar": _bookworm}[name](layout, partial)
        partial.rename(tar)
    return tar


def status(layout: Layout) -> dict[str, str | None]:
    """The ids of the base images in the daemon, for `status`."""
    return {image.name: docker.image_id(layout, image.name) for image in BASE_IMAGES}


def _bookworm(layout: Layout, tar: Path) -> None:
    tree = layout.images / "bookworm"
    wanted = ["ca-certificates"] if apt.mirror().startswith("https:") else []
    log = layout.logs / "debootstrap-bookworm.log"
    apt.debootstrap("bookworm", tree, layout.debs / "bookworm", log, *wanted)
    for path in NOT_SLIM:
        run(["rm", "-rf", str(tree / path)])
    for pattern in ("var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*"):
        for found in tree.glob(pattern):
            run(["rm", "-rf", str(found)])
    (tree / "etc/apt/sources.list").write_text(_sources_list())
    copied = "".join(f'{name} "{value}";\n' for name, value in apt.settings().items())
    (tree / "etc/apt/apt.conf.d/docker-clean").write_text(CONTAINER_APT)
    (tree / "etc/apt/apt.conf.d/testbed").write_text(copied)
    (tree / "etc/dpkg/dpkg.cfg.d/docker-slim").write_text(SLIM_DPKG)
    (tree / "etc/hostname").unlink(missing_ok=True)
    (tree / "etc/resolv.conf").unlink(missing_ok=True)
    policy = tree / "usr/sbin/policy-rc.d"
    policy.write_text(NO_SERVICES)
    policy.chmod(0o755)
    excluded = ["--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*"]
    run(["tar", "--numeric-owner", "--xattrs", *excluded, "-C", str(tree), "-cf", str(tar), "."])
    apt.remove_tree(tree)


def _sources_list() -> str:
    """The machine's own Debian archives of bookworm; its mirror alone if it runs another one."""
    lines = {
        f"deb {source.uri} {source.codename} main\n": None
        for source in apt.sources()
        if source.codename.startswith("bookworm")
    }
    return "".join(lines) or f"deb {apt.mirror()} bookworm main\n"


def _busybox(layout: Layout, tar: Path) -> None:
    """Debian's static BusyBox with a hard link per applet, as in Docker's own image."""
    apt.update()
    with tempfile.TemporaryDirectory(dir=layout.images) as work:
        command = 'cd "$1" && apt-get download busybox-static && dpkg-deb -x *.deb tree'
        run(["sh", "-c", command, "sh", work])
        program = next(
            path for path in Path(work, "tree").glob("**/bin/busybox") if not path.is_symlink()
        )
        applets = run([str(program), "--list"]).split()
        with tarfile.open(tar, "w") as archive:
            for folder, mode in _BUSYBOX_FOLDERS.items():
                archive.addfile(_entry(folder, tarfile.DIRTYPE, mode))
            binary = _entry("bin/busybox", tarfile.REGTYPE, 0o755)
            binary.size = program.stat().st_size
            with program.open("rb") as content:
                archive.addfile(binary, content)
            for applet in sorted(set(applets) - {"busybox"}):
                link = _entry(f"bin/{applet}", tarfile.LNKTYPE, 0o755)
                link.linkname = "bin/busybox"
                archive.addfile(link)
            for name, text in _BUSYBOX_FILES.items():
                file = _entry(name, tarfile.REGTYPE, 0o600 if name == "etc/shadow" else 0o644)
                file.size = len(text)
                archive.addfile(file, io.BytesIO(text.encode()))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    """A member owned by root, of a fixed time, so that the same package gives the same tar."""
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, mode, 1_700_000_000
    member.uname = member.gname = "root"
    return member


_BUSYBOX_FOLDERS = {
    "bin": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "proc": 0o755,
    "root": 0o700,
    "sys": 0o755,
    "tmp": 0o1777,
    "usr": 0o755,
    "usr/bin": 0o755,
    "usr/sbin": 0o755,
    "var": 0o755,
    "var/spool": 0o755,
    "var/spool/mail": 0o755,
    "var/www": 0o755,
}
_BUSYBOX_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
    "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
    "www-data:x:33:33:www-data:/var/www:/bin/false\n"
    "nobody:x:65534:65534:nobody:/home:/bin/false\n",
    "etc/group": "root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n",
    "etc/shadow": "root:*:::::::\n",
}
