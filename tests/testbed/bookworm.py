"""A root of Debian 12, for what Debian 13 has in newer versions only: Docker 20.10 and Podman 4.3.

It is unpacked from the tar of the base image debian:bookworm-slim, which is there anyway.
"""

from __future__ import annotations

from pathlib import Path

from tests.testbed import apt, images, namespace
from tests.testbed.layout import Layout
from tests.testbed.process import need_root, run

PACKAGES = (
    "docker.io",
    "iptables",
    "podman",
    "containernetworking-plugins",
    "ca-certificates",
)


def make_root(layout: Layout) -> Path:
    """The root file system, with the programs of both engines."""
    root = layout.bookworm
    if not root.exists():
        need_root("making a Debian root file system")
        partial = root.with_name(root.name + ".partial")
        apt.remove_tree(partial)
        partial.mkdir(parents=True)
        tar = images.make_tar(layout, "bookworm-slim.tar")
        run(["tar", "--numeric-owner", "--xattrs", "-C", str(partial), "-xf", str(tar)])
        namespace.give_resolver(partial)
        apt.install_in(partial, "/usr/bin/podman", *PACKAGES)
        partial.rename(root)
    namespace.give_resolver(root)
    return root
