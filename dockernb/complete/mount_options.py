"""The options of `RUN --mount`, by type of mount: for completion and help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dockernb.dockerfile.mounts import MOUNT_KINDS, SHARING_MODES

__all__ = ["MOUNT_TYPES", "MountOption", "option_at", "type_of"]


@dataclass(frozen=True)
class MountOption:
    """One option.

    Args:
        name: With "=" unless it is a switch.
        text: What it does, in one or two sentences.
        values: All that it can be, where they can be listed.
    """

    name: str
    text: str
    values: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.name.rstrip("=")


_TARGET = MountOption("target=", "Where the command sees it. A relative path is below WORKDIR.")
_FROM = MountOption("from=", "A stage or an image; without it the build context.")
_SOURCE = MountOption("source=", "What of it is shown; without it all.")
_OWNER = (
    MountOption("mode=", "Permissions, as an octal number."),
    MountOption("uid=", "Number of the user that it belongs to (0)."),
    MountOption("gid=", "Number of the group that it belongs to (0)."),
)
_REQUIRED = MountOption("required", "Without it the step fails; else it is left out.")

MOUNT_TYPES: Mapping[str, tuple[str, tuple[MountOption, ...]]] = {
    "bind": (
        "Shows files of the build context, or of a stage or image, without copying them.",
        (
            _TARGET,
            _SOURCE,
            _FROM,
            MountOption("rw", "The command may write there; what it writes is thrown away."),
        ),
    ),
    "cache": (
        "A folder that is kept between builds, for a package manager's downloads.",
        (
            _TARGET,
            MountOption("id=", "Names the folder; without it the target does."),
            MountOption(
                "sharing=",
                "Two builds at once: shared uses one folder, private makes another one, "
                "locked waits.",
                SHARING_MODES,
            ),
            _FROM,
            MountOption("source=", "The folder of `from` that a new cache begins with."),
            *_OWNER,
            MountOption("ro", "The command may not write there."),
        ),
    ),
    "tmpfs": (
        "An empty folder in memory.",
        (_TARGET, MountOption("size=", "No more bytes than these, for example 64m.")),
    ),
    "secret": (
        "A file (or variable) with a secret, which is in no layer. `%secret` sets it.",
        (
            MountOption("id=", "The name that `%secret` gave it."),
            MountOption("target=", "The file; without it /run/secrets/ and the ID."),
            MountOption("env=", "A variable that holds it, in place of a file."),
            _REQUIRED,
            *_OWNER,
        ),
    ),
    "ssh": (
        "The socket of an SSH agent, for git and ssh. `%build --ssh default` gives it.",
        (
            MountOption("id=", "Which agent, if there are several (default)."),
            MountOption("target=", "The socket's path; SSH_AUTH_SOCK names it."),
            _REQUIRED,
            *_OWNER,
        ),
    ),
}
assert tuple(MOUNT_TYPES) == MOUNT_KINDS  # noqa: S101 - one list of types, in the same order

_OTHER_NAMES = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "readonly": "ro",
    "readwrite": "rw",
}


def type_of(value: str) -> str:
    """The type in a mount's value; bind where none is said."""
    options = dict(option.partition("=")[::2] for option in value.split(","))
    return options.get("type", "bind").lower()


def option_at(kind: str, key: str) -> MountOption | None:
    """The option of a type by its key, short forms included."""
    name = _OTHER_NAMES.get(key.lower(), key.lower())
    options = MOUNT_TYPES.get(kind, ("", ()))[1]
    return next((option for option in options if option.key == name), None)
