"""The testbed's docker command and its plugin buildx, as a user has them."""

from __future__ import annotations

import os
from pathlib import Path


def buildx_environment(docker_root: Path, folder: Path) -> dict[str, str]:
    """DOCKER_CONFIG and PATH.

    Args:
        folder: Everything is put here.
    """
    plugins, commands = folder / "docker-config" / "cli-plugins", folder / "bin"
    plugins.mkdir(parents=True)
    commands.mkdir()
    plugin = docker_root / "usr/libexec/docker/cli-plugins/docker-buildx"
    (plugins / "docker-buildx").symlink_to(plugin)
    (commands / "docker").symlink_to(docker_root / "usr/bin/docker")
    return {"DOCKER_CONFIG": str(plugins.parent), "PATH": f"{commands}:{os.environ['PATH']}"}
