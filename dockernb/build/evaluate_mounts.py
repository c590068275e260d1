"""RUN --mount: what is mounted where. Source: BuildKit's `dockerfile2llb/convert_runmount.go`."""

from __future__ import annotations

import posixpath

from ..dockerfile import mount_values
from ..dockerfile.instructions import MountOption
from ..engines.base import Mount
from ..errors import DockerfileError, UnsupportedByEngineError
from .outcome import Frame

__all__ = ["evaluate_mount"]


def evaluate_mount(option: MountOption, frame: Frame) -> Mount | None:
    """One `--mount`, its target resolved against WORKDIR; None for a secret nobody gave.

    Raises:
        DockerfileError: a value is wrong, or a required secret was not given.
        UnsupportedByEngineError: no engine of a notebook can do it yet.
    """
    mount = mount_values.read_mount(option, frame.expander.word)
    if mount.kind == "secret":
        return _secret(mount, frame)
    if mount.kind == "tmpfs":
        return Mount("tmpfs", _target(mount.target, frame), size=mount.size)
    if mount.kind == "cache":
        return _cache(mount, frame)
    if mount.kind == "bind" and mount.from_image:
        return _bind(mount, frame)
    what = "the build context" if mount.kind == "bind" else "an ssh agent"
    raise UnsupportedByEngineError(
        f"RUN --mount=type={mount.kind} of {what} is not possible in a notebook yet",
        hint="Put the files into a stage and use from=STAGE, or export the notebook and run "
        "`docker build`.",
    )


def _target(target: str, frame: Frame) -> str:
    working_dir = frame.stage.config.runtime.working_dir or "/"
    return posixpath.normpath(posixpath.join(working_dir, target))


def _secret(mount: mount_values.Mount, frame: Frame) -> Mount | None:
    secret_id = mount.id or posixpath.basename(mount.target)
    target = _target(mount.target or f"/run/secrets/{secret_id}", frame)
    content = frame.options.secrets.get(secret_id)
    if content is None and mount.required:
        raise DockerfileError(
            f'secret "{secret_id}" is required and was not given',
            hint=f"%secret id={secret_id},src=FILE\n"
            f"or: dockernb run --secret id={secret_id},src=FILE",
        )
    if content is None:
        return None
    if mount.env is not None:
        raise UnsupportedByEngineError(
            "RUN --mount=type=secret with env= is not possible in a notebook yet",
            hint="Leave env= out and read the file in the command: "
            f"RUN --mount=type=secret,id={secret_id} TOKEN=$(cat /run/secrets/{secret_id}) ...",
        )
    mode = 0o400 if mount.mode is None else mount.mode
    return Mount(
        "secret", target, source=secret_id, content=content, read_only=True, mode=mode,
        uid=mount.uid or 0, gid=mount.gid or 0,
    )  # fmt: skip


def _cache(mount: mount_values.Mount, frame: Frame) -> Mount:
    target = _target(mount.target, frame)
    mode = 0o755 if mount.mode is None else mount.mode
    return Mount(
        "cache", target, source=mount.id or target, read_only=mount.read_only, mode=mode,
        uid=mount.uid or 0, gid=mount.gid or 0,
    )  # fmt: skip


def _bind(mount: mount_values.Mount, frame: Frame) -> Mount:
    return Mount(
        "bind",
        _target(mount.target, frame),
        source=mount.source or "/",
        source_image=frame.other_image(mount.from_image),
        read_only=mount.read_only,
    )
