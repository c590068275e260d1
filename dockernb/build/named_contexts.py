"""Named contexts: what `--build-context NAME=VALUE` puts in the place of an image's name.

Source: BuildKit's `frontend/dockerui/namedcontext.go`, and `--build-context` of buildx.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ContextError, UnsupportedByEngineError

__all__ = ["NamedContext", "find_context"]

_IMAGE = "docker-image://"
_OTHERS = ("oci-layout://", "https://", "http://", "git://", "ssh://", "git@", "target:")


@dataclass(frozen=True)
class NamedContext:
    """An image (its name) or a folder; one of them is None."""

    image: str | None = None
    folder: Path | None = None


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
            rule=f"It may be a folder or `{_IMAGE}NAME`.",
            hint=f"Fetch it into a folder: --build-context {name}=FOLDER",
        )
    folder = Path(value)
    with suppress(RuntimeError):  # "~nobody" stays what it is, and is no folder
        folder = folder.expanduser()
    if not folder.is_dir():
        raise ContextError(
            f'the build context "{name}" is no folder: "{value}"',
            hint=f"--build-context {name}=FOLDER, or {name}={_IMAGE}IMAGE",
        )
    return NamedContext(folder=folder)
