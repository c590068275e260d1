"""Paths of a snapshot behind its symbolic links, wherever it is known what these hold."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

__all__ = ["LinkCircleError", "behind_links"]

_MAX_LINKS = 40  # as the kernel's limit


class LinkCircleError(Exception):
    """Links lead from one to the next without end."""


def behind_links(path: str, target_of: Callable[[str, bool], str | None]) -> str:
    """The path behind all symbolic links, those of the folders on the way too.

    Args:
        target_of: What the link at a path holds; None: it is no link. It is told whether a link led
            there, and raises what it likes where there is nothing.

    Raises:
        LinkCircleError: There are more links than anybody means.
    """
    done, links = "/", 0
    left = [name for name in reversed(path.split("/")) if name]
    while left:
        name = left.pop()
        if name in (".", ".."):
            done = posixpath.dirname(done) if name == ".." else done
            continue
        current = posixpath.join(done, name)
        target = target_of(current, links > 0)
        if target is None:
            done = current
            continue
        links += 1
        if links > _MAX_LINKS:
            raise LinkCircleError
        if target.startswith("/"):
            done = "/"
        left += [part for part in reversed(target.split("/")) if part]
    return done
