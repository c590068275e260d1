"""Paths inside a root: symbolic links never lead out of it.

Paths here are absolute within the root ("/a/b", the root itself is "/"). The source of the rules is
`RootPath` of containerd/continuity and `normalizePath` of BuildKit's `client/llb/fileop.go`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from dockernb.errors import BuildError

__all__ = [
    "DEEPEST",
    "MAX_LINKS",
    "ReadLink",
    "check_depth",
    "clean",
    "destination_path",
    "join",
    "parents",
    "resolve_links",
]

MAX_LINKS = 255
# Folders in folders of a source.
DEEPEST = 256

# Target of the symbolic link at a path whose parents hold no link; None if it is no link.
ReadLink = Callable[[str], str | None]


def clean(path: str) -> str:
    """`path` as an absolute path without ".", ".." and doubled slashes; ".." stops at the root."""
    return posixpath.normpath("/" + re.sub("/+", "/", path).lstrip("/"))


def join(directory: str, name: str) -> str:
    """The path of `name` in the clean path `directory`."""
    return f"/{name}" if directory == "/" else f"{directory}/{name}"


def parents(path: str) -> list[str]:
    """The clean path itself and all above it but the root, from the top: /a, /a/b, /a/b/c."""
    parts = path.strip("/").split("/") if path != "/" else []
    return ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]


def check_depth(path: str) -> None:
    """Refuses a folder so deep that walking through all that is in it would not end well.

    Raises:
        BuildError: It is deeper than any real one.
    """
    if path.count("/") > DEEPEST:
        raise BuildError(
            f'the folders of "{path[:60]}..." are nested more than {DEEPEST} deep',
            rule="A COPY goes through all folders of its source.",
            state="Nothing of this step was kept.",
            hint="Leave that folder out with .dockerignore, or COPY the folders that are needed.",
        )


def destination_path(destination: str, working_dir: str) -> str:
    """The destination as BuildKit hands it on: cleaned, with its trailing "/" or "/." kept."""
    path = clean(destination if destination.startswith("/") else f"{working_dir}/{destination}")
    if destination.endswith("/"):
        return path if path == "/" else path + "/"
    if destination.endswith("/."):
        return join(path, ".")
    return path


def resolve_links(path: str, read_link: ReadLink, *, follow_last: bool = True) -> str:
    """The path that `path` means when its symbolic links are followed inside the root.

    What does not exist is kept as it is, so the result may not exist.

    Raises:
        BuildError: More than 255 links: they lead in a circle.
    """
    todo = [part for part in path.split("/") if part not in {"", "."}][::-1]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            del done[-1:]
            continue
        here = "/" + "/".join([*done, part])
        target = read_link(here) if todo or follow_last else None
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            raise BuildError(f'too many symbolic links in "{path}"', rule="They lead in a circle.")
        if target.startswith("/"):
            done = []
        todo.extend([name for name in target.split("/") if name not in {"", "."}][::-1])
    return "/" + "/".join(done)
