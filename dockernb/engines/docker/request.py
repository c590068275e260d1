"""From a `ContainerSpec` to the body of POST /containers/create.

What a RUN of BuildKit sees is the measure: the environment is exactly the given one, the host is
called `buildkitsandbox`, nothing comes from the image's config, there is no terminal, and stdin is
/dev/null.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dockernb.engines.base import ContainerSpec, Mount
from dockernb.errors import InternalError
from dockernb.oci.config import RuntimeConfig

__all__ = [
    "CACHE_PREFIX",
    "Volume",
    "cache_options",
    "cache_volume",
    "create_body",
    "is_file",
    "mount_point",
]

#: Of the names of caches' volumes. No process's mark (owner.py) begins like that.
CACHE_PREFIX = "dockernb-cache-"

# A container must have a command to be created; this one is never started.
_NO_COMMAND = ("/never-started",)
_NETWORKS = {"default": "default", "none": "none", "host": "host"}


@dataclass(frozen=True)
class Volume:
    """A volume on the daemon, or one path in it."""

    name: str
    subpath: str = ""


def create_body(
    image_id: str,
    inherited: RuntimeConfig,
    spec: ContainerSpec,
    *,
    volumes: Mapping[int, Volume] | None = None,
    stdin: bool = False,
    podman: bool = False,
) -> dict[str, Any]:
    """The request.

    Args:
        image_id: The image to create from.
        inherited: Its config; the daemon merges it into what the request leaves open.
        volumes: Number of a mount in `spec` -> the volume that holds what it shows.
        stdin: stdin is a pipe from the one who attaches first, and ends with that connection.
        podman: Whether Podman is asked; it has a word of its own for an environment of nothing.
    """
    body: dict[str, Any] = {
        "Image": image_id,
        "Hostname": "buildkitsandbox",
        # As Entrypoint, because a Cmd of the image would be merged in behind an empty one.
        "Entrypoint": list(spec.command or _NO_COMMAND),
        "Cmd": [],
        "Env": _environment(inherited, spec, podman=podman),
        "User": spec.user or ("0" if inherited.user else ""),
        "WorkingDir": spec.working_dir,
        "AttachStdout": True,
        "AttachStderr": True,
        "HostConfig": _host_config(spec, volumes or {}),
    }
    if podman:
        body["UnsetEnvAll"] = True
    if spec.has_terminal:
        body["Tty"] = True
    if stdin or spec.has_terminal:
        body |= {"AttachStdin": True, "OpenStdin": True, "StdinOnce": True}
    if inherited.healthcheck is not None:
        body["Healthcheck"] = {"Test": ["NONE"]}
    return body


def _environment(inherited: RuntimeConfig, spec: ContainerSpec, *, podman: bool) -> list[str]:
    """`spec.env`, and a bare name for every variable that must not be there.

    The daemon adds the image's Env, PATH and HOSTNAME unless the request names the variable; a name
    without "=" takes it away (moby pkg/env, ReplaceOrAppendEnvValues). To Podman such a name means
    the value that the service itself has.
    """
    unwanted = set() if podman else {*inherited.environment, "PATH", "HOSTNAME"} - set(spec.env)
    return [f"{key}={value}" for key, value in spec.env.items()] + sorted(unwanted)


def _host_config(spec: ContainerSpec, volumes: Mapping[int, Volume]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "NetworkMode": _NETWORKS[spec.network],
        # The output is read as it comes; the daemon need not keep a second copy on its disk.
        "LogConfig": {"Type": "none"},
    }
    if spec.extra_hosts:
        config["ExtraHosts"] = [f"{name}:{address}" for name, address in spec.extra_hosts.items()]
    if spec.ulimits:
        config["Ulimits"] = [
            {"Name": name, "Soft": soft, "Hard": hard}
            for name, (soft, hard) in spec.ulimits.items()
        ]
    if spec.shm_size:
        config["ShmSize"] = spec.shm_size
    if spec.security == "insecure":
        config["Privileged"] = True
    tmpfs = {mount.target: _tmpfs(mount) for mount in spec.mounts if mount.kind == "tmpfs"}
    if tmpfs:
        config["Tmpfs"] = tmpfs
    mounts = [
        _mount(mount, volumes.get(number))
        for number, mount in enumerate(spec.mounts)
        if mount.kind != "tmpfs"
    ]
    if mounts:
        config["Mounts"] = mounts
    return config


def mount_point(mount: Mount) -> str:
    """Where the mount sits. A script has its folder for itself: volumes are directories."""
    return posixpath.dirname(mount.target) if mount.kind == "file" else mount.target


def is_file(mount: Mount) -> bool:
    """Whether the mount sits on a file."""
    return mount.is_file or mount.kind in {"secret", "ssh"}


def cache_volume(mount: Mount) -> str:
    """The name of a cache's volume."""
    digest = hashlib.sha256(mount.source.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{CACHE_PREFIX}{digest}"


def cache_options(mount: Mount) -> dict[str, Any]:
    """Options of a cache's volume: a new one must not start with what the image has there."""
    return {"NoCopy": True, "Labels": {"dockernb.cache": mount.source}}


def _tmpfs(mount: Mount) -> str:
    """Mount options; Docker's own default is noexec and nodev, a build's is not."""
    options = ["exec", "dev", "nosuid"]
    if mount.size:
        options.append(f"size={mount.size}")
    if mount.mode is not None:
        options.append(f"mode={mount.mode:o}")
    return ",".join(options)


def _mount(mount: Mount, volume: Volume | None) -> dict[str, Any]:
    if mount.kind == "cache":
        return {
            "Type": "volume",
            "Source": cache_volume(mount),
            "Target": mount.target,
            "ReadOnly": mount.read_only,
            "VolumeOptions": cache_options(mount),
        }
    if mount.kind == "ssh":
        return {"Type": "bind", "Source": mount.source, "Target": mount.target}
    if mount.kind == "file":
        # The file comes into it before the start, and it goes when the container does.
        return {
            "Type": "volume",
            "Target": mount_point(mount),
            "VolumeOptions": {"NoCopy": True},
        }
    if volume is None:
        raise InternalError(f"no volume for the {mount.kind} mount at {mount.target}")
    options: dict[str, Any] = {"NoCopy": True}
    if volume.subpath:
        options["Subpath"] = volume.subpath
    return {
        "Type": "volume",
        "Source": volume.name,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "VolumeOptions": options,
    }
