"""From a `ContainerSpec` to the body of POST /containers/create.

What a RUN of BuildKit sees is the measure: the environment is exactly the given one, the host is
called `buildkitsandbox`, nothing comes from the image's config, there is no terminal, and stdin is
/dev/null.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import Any

from dockernb.engines.base import ContainerSpec, Mount
from dockernb.errors import UnsupportedByEngineError
from dockernb.oci.config import RuntimeConfig

__all__ = ["create_body", "mount_point"]

# A container must have a command to be created; this one is never started.
_NO_COMMAND = ("/never-started",)
_NETWORKS = {"default": "default", "none": "none", "host": "host"}


def create_body(
    image_id: str,
    inherited: RuntimeConfig,
    spec: ContainerSpec,
    *,
    stdin: bool = False,
    podman: bool = False,
) -> dict[str, Any]:
    """The request.

    Args:
        image_id: The image to create from.
        inherited: Its config; the daemon merges it into what the request leaves open.
        stdin: stdin is a pipe from the one who attaches first, and ends with that connection.
        podman: Whether Podman is asked; it has a word of its own for an environment of nothing.

    Raises:
        UnsupportedByEngineError: a mount that the API cannot make.
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
        "HostConfig": _host_config(spec),
    }
    if podman:
        body["UnsetEnvAll"] = True
    if stdin:
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


def _host_config(spec: ContainerSpec) -> dict[str, Any]:
    config: dict[str, Any] = {
        "NetworkMode": _NETWORKS[spec.network],
        # The output is read as it comes; the daemon need not keep a second copy on its disk.
        "LogConfig": {"Type": "none"},
    }
    if spec.extra_hosts:
        config["ExtraHosts"] = [f"{name}:{address}" for name, address in spec.extra_hosts.items()]
    if spec.security == "insecure":
        config["Privileged"] = True
    tmpfs = {mount.target: _tmpfs(mount) for mount in spec.mounts if mount.kind == "tmpfs"}
    if tmpfs:
        config["Tmpfs"] = tmpfs
    mounts = [_mount(mount) for mount in spec.mounts if mount.kind != "tmpfs"]
    if mounts:
        config["Mounts"] = mounts
    return config


def mount_point(mount: Mount) -> str:
    """Where the mount sits. A file has its folder for itself: volumes are directories."""
    return posixpath.dirname(mount.target) if mount.kind == "file" else mount.target


def _tmpfs(mount: Mount) -> str:
    """Mount options; Docker's own default is noexec and nodev, a build's is not."""
    options = ["exec", "dev", "nosuid"]
    if mount.size:
        options.append(f"size={mount.size}")
    if mount.mode is not None:
        options.append(f"mode={mount.mode:o}")
    return ",".join(options)


def _mount(mount: Mount) -> dict[str, Any]:
    if mount.kind == "cache":
        digest = hashlib.sha256(mount.source.encode()).hexdigest()[:16]
        return {
            "Type": "volume",
            "Source": f"dockernb-cache-{digest}",
            "Target": mount.target,
            "ReadOnly": mount.read_only,
            # A new volume must not start with what the image has at its place.
            "VolumeOptions": {"NoCopy": True, "Labels": {"dockernb.cache": mount.source}},
        }
    if mount.kind == "bind" and mount.source_image is None:
        return {
            "Type": "bind",
            "Source": mount.source,
            "Target": mount.target,
            "ReadOnly": mount.read_only,
        }
    if mount.kind == "file":
        # The file comes into it before the start, and it goes when the container does.
        return {
            "Type": "volume",
            "Target": mount_point(mount),
            "VolumeOptions": {"NoCopy": True},
        }
    what = "another image's files" if mount.kind == "bind" else "a secret"
    raise UnsupportedByEngineError(
        f'the Docker engine cannot mount {what} at "{mount.target}" yet',
        rule="the API has no way to do it that leaves nothing on the daemon's disk",
        hint="use `%engine embedded` for this step",
    )
