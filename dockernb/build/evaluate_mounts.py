"""RUN --mount: what is mounted where. Source: BuildKit's `dockerfile2llb/convert_runmount.go`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from ..dockerfile import mount_values
from ..dockerfile.instructions import MountOption
from ..engines.base import Mount
from ..errors import DockerfileError
from .named_contexts import NamedContext
from .outcome import Frame

__all__ = ["RunMounts", "evaluate_mounts"]

_AGENT = "/run/buildkit/ssh_agent.{}"


@dataclass
class RunMounts:
    """What the `--mount`s of a RUN ask for.

    Args:
        contexts: See `RunCommand`.
        secret_env: Variables that hold secrets.
        ssh_socket: Where the command finds its agent; "": nowhere.
    """

    mounts: list[Mount] = field(default_factory=list)
    contexts: dict[int, NamedContext] = field(default_factory=dict)
    secret_env: dict[str, str] = field(default_factory=dict)
    ssh_socket: str = ""
    agents: int = 0


def evaluate_mounts(options: Sequence[MountOption], frame: Frame) -> RunMounts:
    """All mounts of a RUN, their targets resolved against WORKDIR.

    Raises:
        DockerfileError: a value is wrong, or a required secret or agent was not given.
    """
    found = RunMounts()
    for option in options:
        mount = mount_values.read_mount(option, frame.expander.word)
        match mount.kind:
            case "secret":
                _secret(mount, frame, found)
            case "tmpfs":
                found.mounts.append(Mount("tmpfs", _target(mount, frame), size=mount.size))
            case "cache":
                found.mounts.append(_cache(mount, frame))
            case "ssh":
                _ssh(mount, frame, found)
            case _:
                _bind(mount, frame, found)
    return found


def _target(mount: mount_values.Mount, frame: Frame) -> str:
    working_dir = frame.stage.config.runtime.working_dir or "/"
    target = posixpath.normpath(posixpath.join(working_dir, mount.target))
    if target == "/":
        raise DockerfileError(
            f'invalid mount target "{mount.target}"',
            rule="A mount cannot take the place of the root.",
            hint=f"--mount=type={mount.kind},target=/FOLDER",
        )
    return target


def _secret(mount: mount_values.Mount, frame: Frame, found: RunMounts) -> None:
    """A file, unless only a variable is asked for (env= without target=)."""
    secret_id = mount.id or mount.source or posixpath.basename(mount.target)
    content = frame.options.secrets.get(secret_id)
    if content is None and mount.required:
        raise DockerfileError(
            f'secret "{secret_id}" is required and was not given',
            hint=f"%secret id={secret_id},src=FILE\n"
            f"or: dockernb run --secret id={secret_id},src=FILE",
        )
    if content is None:
        return
    if mount.env is not None:
        found.secret_env[mount.env or secret_id] = content.decode("utf-8", "surrogateescape")
        if not mount.target:
            return
    named = mount if mount.target else replace(mount, target=f"/run/secrets/{secret_id}")
    mode = 0o400 if mount.mode is None else mount.mode
    found.mounts.append(
        Mount(
            "secret", _target(named, frame), source=secret_id, content=content, read_only=True,
            mode=mode, uid=mount.uid or 0, gid=mount.gid or 0,
        )
    )  # fmt: skip


def _ssh(mount: mount_values.Mount, frame: Frame, found: RunMounts) -> None:
    """The agent's socket. One that is not given and not required is left out."""
    agent, number = mount.id or "default", found.agents
    found.agents += 1
    target = mount.target or _AGENT.format(number)
    target = _target(replace(mount, target=target), frame)
    found.ssh_socket = found.ssh_socket or target
    socket = frame.options.flags.ssh.get(agent)
    if socket is not None:
        found.mounts.append(Mount("ssh", target, source=socket))
    elif mount.required:
        raise DockerfileError(
            f'the ssh agent "{agent}" is required and was not given',
            hint=f"%build --ssh {agent}\nor: dockernb run --ssh {agent}",
        )


def _cache(mount: mount_values.Mount, frame: Frame) -> Mount:
    """A cache is named by its id and by what it begins with, as in BuildKit.

    The image it begins with comes into the name when its ID is known (see `bind_mounts`).
    """
    name = mount.id or posixpath.normpath(mount.target)
    target, begin = _target(mount, frame), NamedContext()
    base = posixpath.normpath(posixpath.join("/", mount.source))
    if mount.from_image:
        begin = frame.other_source(mount.from_image, numbers=False)
    if not (begin.image or begin.is_build_context) or (base != "/" and begin.image is None):
        raise DockerfileError(
            f"a cache mount begins with files of a stage or an image: {mount.from_image or base}",
            hint="--mount=type=cache,target=/FOLDER,from=STAGE,source=/FOLDER",
        )
    mode = 0o755 if mount.mode is None else mount.mode
    uid, gid = mount.uid or 0, mount.gid or 0
    if begin.image is None and (mode, uid, gid) != (0o755, 0, 0):
        name = f"{name}\nmode={mode:o},uid={uid},gid={gid}"
    sharing = cast("Literal['shared', 'private', 'locked']", mount.sharing or "shared")
    return Mount(
        "cache", target, source=name, source_image=begin.image, base=base,
        read_only=mount.read_only, mode=mode, uid=uid, gid=gid, sharing=sharing,
    )  # fmt: skip


def _bind(mount: mount_values.Mount, frame: Frame, found: RunMounts) -> None:
    source = (
        frame.other_source(mount.from_image, numbers=False) if mount.from_image else NamedContext()
    )
    if source.image is None:
        found.contexts[len(found.mounts)] = source
    found.mounts.append(
        Mount(
            "bind",
            _target(mount, frame),
            source=posixpath.normpath(posixpath.join("/", mount.source)),
            source_image=source.image,
            read_only=mount.read_only,
        )
    )
