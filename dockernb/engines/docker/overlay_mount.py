"""Where the parts of a mounted overlay lie, as the kernel tells it (proc(5), /proc/PID/mountinfo).

With the containerd image store the API does not tell the directories of a container.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["overlay_mount"]

_OCTAL = re.compile(r"\\([0-7]{3})")
# Directories may be renamed, or files share content, in ways that an upper directory does not tell;
# or its marks are attributes that a container may set.
_FOREIGN = {"redirect_dir=on", "metacopy=on", "userxattr"}
_PARAMETERS = Path("/sys/module/overlay/parameters")


def overlay_mount(process: Path, mount_point: str) -> tuple[Path, list[Path]] | None:
    """The upper directory and those below it, topmost first; None if it is not mounted, or not so
    that the upper directory alone tells what changed.

    Args:
        process: A folder in /proc; the mount is looked for among those of this process, and the
            directories are reached through its root.
    """
    try:
        lines = (process / "mountinfo").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) > 4 and kind[0] == "overlay" and _plain(fields[4]) == mount_point:
            return _directories(process / "root", kind[-1])
    return None


def _directories(root: Path, options: str) -> tuple[Path, list[Path]] | None:
    words = options.split(",")
    found = dict(word.split("=", 1) for word in words if "=" in word)
    upper, lowers = found.get("upperdir", ""), found.get("lowerdir", "").split(":")
    paths = [_plain(path) for path in (upper, *lowers)]
    # Long lists are shortened by containerd: relative to the folder of all snapshots.
    paths = [str(Path(paths[0]).parent.parent / path) for path in paths]
    if _FOREIGN & set(words) or not upper.startswith("/") or _is_set_for_all():
        return None
    above, *below = (root / path.lstrip("/") for path in paths)
    return above, below


def _is_set_for_all() -> bool:
    """Whether the kernel does what is foreign to us unless it is told not to."""
    try:
        return any(
            (_PARAMETERS / name).read_text().strip() == "Y" for name in ("redirect_dir", "metacopy")
        )
    except OSError:
        return False


def _plain(path: str) -> str:
    """Without the escapes of blanks and the like."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), path)
