"""What is in a folder of the build context, for completion in COPY and ADD."""

from __future__ import annotations

from pathlib import PurePosixPath

from ..build.context import BuildContext
from ..errors import DockernbError

__all__ = ["context_names"]


def context_names(context: BuildContext, typed: str) -> list[tuple[str, bool]]:
    """The entries of a folder that .dockerignore leaves; True: it is a folder.

    Nothing outside of the context is looked at, also not through a symbolic link.

    Args:
        typed: The folder as it is written: "", "app/", "./app/" or "/app/".
    """
    relative = PurePosixPath(typed.lstrip("/"))
    if ".." in relative.parts:
        return []
    try:
        there = (context.root / relative).resolve()
        if not there.is_relative_to(context.root):
            return []
        place = "/" + "/".join(there.relative_to(context.root).parts)
        found = context.tree().children(place)
    except (OSError, ValueError, RuntimeError, DockernbError):  # a loop of links, a NUL byte
        return []
    return [(name, entry.type == "dir") for name, entry in found]
