"""A mount of RUN with its values read: what a builder needs to make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dockernb.dockerfile.durations import parse_bool, parse_size
from dockernb.dockerfile.instructions import MountOption
from dockernb.dockerfile.mounts import expand_mount

__all__ = ["Mount", "read_mount"]


@dataclass(frozen=True)
class Mount:
    """One `--mount`, variables put in.

    Args:
        kind: bind, cache, tmpfs, secret or ssh.
        from_image: Stage, image or context of a bind or cache mount; "" is the build context.
        read_only: By default True for all but cache and tmpfs.
        size: Bytes of a tmpfs; 0: no limit.
        id: As written; "" where the target stands for it (cache).
        sharing: "" is shared.
        env: Variable that holds a secret; "" is a name made of its id; None: not asked for.
        mode: Permission bits; None: not given, as for `uid` and `gid`.
    """

    kind: str
    from_image: str = ""
    source: str = ""
    target: str = ""
    read_only: bool = True
    size: int = 0
    id: str = ""
    sharing: str = ""
    required: bool = False
    env: str | None = None
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None


def read_mount(option: MountOption, expand: Callable[[str], str]) -> Mount:
    """The mount as values.

    Args:
        option: From `RunInstruction.mounts`.
        expand: Puts the variables into one value.

    Raises:
        DockerfileSyntaxError: A value is wrong (see `mounts.expand_mount`).
    """
    mount = expand_mount(option, expand)
    # Of options that stand twice the last one counts.
    last = {_LONG_NAMES.get(key, key): value for key, value in mount.options}
    return Mount(
        kind=mount.kind,
        from_image=last.get("from", ""),
        source=last.get("source", ""),
        target=last.get("target", ""),
        read_only=_is_read_only(mount),
        size=parse_size(last["size"]) if "size" in last else 0,
        id=last.get("id", ""),
        sharing=last.get("sharing", "").lower(),
        required=parse_bool(last.get("required", "false")),
        env=last.get("env"),
        mode=_number(last.get("mode"), 8),
        uid=_number(last.get("uid"), 10),
        gid=_number(last.get("gid"), 10),
    )


_LONG_NAMES = {"src": "source", "dst": "target", "destination": "target"}


def _is_read_only(mount: MountOption) -> bool:
    answer = mount.kind not in {"cache", "tmpfs"}
    for key, value in mount.options:
        if key in {"ro", "readonly"}:
            answer = parse_bool(value)
        elif key in {"rw", "readwrite"}:
            answer = not parse_bool(value)
    return answer


def _number(text: str | None, base: int) -> int | None:
    return None if text is None else int(text, base)
