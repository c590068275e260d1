"""The symbolic links that a path of a package goes through."""

from __future__ import annotations

import posixpath

from dockernb.errors import BaseImageError

__all__ = ["MERGED_USR", "Links", "clean_name"]

#: With merged /usr these are links to the folders of the same name below /usr. The multilib ones
#: are made only where a package has files there.
MERGED_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libo32")
_MAX_LINKS = 40  # as the kernel's
_MAX_NAME = 4096


class Links:
    """Links by path, both without a slash in front; at first those of merged /usr."""

    def __init__(self) -> None:
        self._targets = {name: f"usr/{name}" for name in MERGED_USR}

    def add(self, path: str, target: str) -> None:
        """Remembers a link; `target` is as it stands in the archive."""
        if target.startswith("/"):
            self._targets[path] = _inside(target)
        else:
            self._targets[path] = _inside(posixpath.join(posixpath.dirname(path), target))

    def target(self, path: str) -> str | None:
        """Where the link at `path` leads; None if there is none."""
        return self._targets.get(path)

    def real_parent(self, path: str) -> str:
        """The path with links in its parents resolved; its last name is not followed.

        Raises:
            BaseImageError: The links lead in a circle.
        """
        resolved, rest = "", path.split("/")
        followed = 0
        while rest:
            name = rest.pop(0)
            here = f"{resolved}/{name}" if resolved else name
            target = self._targets.get(here)
            if target is None or not rest:
                resolved = here
                continue
            followed += 1
            if followed > _MAX_LINKS:
                raise BaseImageError(f'the links in the path "{path}" lead in a circle')
            resolved, rest = "", [part for part in target.split("/") if part] + rest
        return resolved

    def real(self, path: str) -> str:
        """The path of a folder with all links resolved, in its last name too."""
        return self.real_parent(path + "/.").removesuffix("/.")


def clean_name(name: str) -> str:
    """The name of an entry without `./` in front and a slash behind; "" is the root.

    Raises:
        BaseImageError: It could leave the root or is no path.
    """
    parts = name.removesuffix("/").split("/")
    if parts[0] == ".":
        parts = parts[1:]
    if name in {".", "./"} or parts == []:
        return ""
    if len(name) > _MAX_NAME or "\0" in name or any(part in {"", ".", ".."} for part in parts):
        raise BaseImageError(f'a package holds the path "{name[:200]}", which is not allowed')
    return "/".join(parts)


def _inside(path: str) -> str:
    """An absolute or relative path, normalised and kept below the root."""
    return posixpath.normpath("/" + path.lstrip("/")).lstrip("/")
