"""Named contexts: what `--build-context NAME=VALUE` puts in the place of an image's name.

Source: BuildKit's `frontend/dockerui/namedcontext.go`, and `--build-context` of buildx.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ContextError, UnsupportedByEngineError
from .add_git import parse_git
from .add_url import UrlSource
from .remote_context import RemoteContext
from .remote_source import is_git, is_url

__all__ = ["BUILD_CONTEXT", "NamedContext", "find_context"]

_IMAGE = "docker-image://"
_OTHERS = ("oci-layout:", "target:", "input:")


@dataclass(frozen=True)
class NamedContext:
    """An image (its name), a folder, or what is fetched; the others are None.

    All of them None is the build context.
    """

    image: str | None = None
    folder: Path | None = None
    remote: RemoteContext | None = None

    @property
    def is_build_context(self) -> bool:
        return self.image is None and self.folder is None and self.remote is None


BUILD_CONTEXT = NamedContext()


def find_context(name: str, contexts: Mapping[str, str]) -> NamedContext | None:
    """The context that stands for `name`, an image as FROM or --from name it; None: there is none.

    Raises:
        UnsupportedByEngineError: it is of a kind that a notebook does not take.
        ContextError: its folder does not exist.
    """
    value = contexts.get(name, contexts.get(name.removesuffix(":latest")))
    if value is None:
        return None
    if value.startswith(_IMAGE):
        return NamedContext(image=value.removeprefix(_IMAGE))
    if value.startswith(_OTHERS):
        raise UnsupportedByEngineError(
            f'the build context "{name}" is of a kind that a notebook does not take: "{value}"',
            rule=f"It may be a folder, `{_IMAGE}NAME`, a git repository or a URL.",
            hint="For an OCI layout: dockernb load FOLDER\n"
            f"then: --build-context {name}={_IMAGE}NAME",
        )
    if is_git(value):
        return NamedContext(remote=RemoteContext(parse_git(value, keep_git_dir=True)))
    if is_url(value):
        return NamedContext(remote=RemoteContext(UrlSource(value)))
    folder = Path(value)
    with suppress(RuntimeError):  # "~nobody" stays what it is, and is no folder
        folder = folder.expanduser()
    if not folder.is_dir():
        raise ContextError(
            f'the build context "{name}" is no folder: "{value}"',
            hint=f"--build-context {name}=FOLDER, or {name}={_IMAGE}IMAGE",
        )
    return NamedContext(folder=folder)
