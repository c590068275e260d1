"""What a daemon cannot do, for `doctor` and for the error that a reader meets."""

from __future__ import annotations

from .api import DockerApi
from .local import LocalDisk

__all__ = ["limits_of"]

_PODMAN = (
    "a RUN sees the variable HOSTNAME, and sizes of images count more than their files",
    "a secret as a variable (RUN --mount=type=secret,env=NAME) is refused",
    "uid, gid and mode of a RUN --mount=type=cache do not count",
    "where the heredoc of a RUN begins with #!, that script stays in the snapshot",
    "a symbolic link that leads nowhere is not found; of others the absolute target is shown",
)
_OLD = "RUN --mount=type=secret, and mounts of single files, are refused: they need Docker 26"
_NO_AGENT = "RUN --mount=type=ssh is refused: the agent's socket is on this machine"
_FAR = (
    "the daemon's disk is out of reach: an empty folder stays in the snapshot where a RUN --mount "
    "had to make one, and files whose names are not UTF-8 are listed without a size"
)


def limits_of(api: DockerApi, disk: LocalDisk) -> tuple[str, ...]:
    """A sentence for each thing."""
    found = [*_PODMAN] if api.is_podman else []
    if api.version < (1, 45):
        found.append(_OLD)
    if api.endpoint.socket_path is None:
        found.append(_NO_AGENT)
    if not disk.has_upper or disk.root() is None:
        found.append(_FAR)
    return tuple(found)
