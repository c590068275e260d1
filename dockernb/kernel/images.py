"""Image names for completion: on the engine, and tags in registries."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dockernb.look.in_background import InBackground
from dockernb.use.image_tags import registry_tags

if TYPE_CHECKING:
    from dockernb.session import Session

__all__ = ["Images"]

_LOCAL_SECONDS = 10.0
_TAGS_SECONDS = 600.0


class Images:
    """Remembers the names for a while; a registry is asked in the background only."""

    def __init__(self) -> None:
        self._local = InBackground[Any, tuple[str, ...]](
            _local, kept=1, seconds=_LOCAL_SECONDS, failed_seconds=_LOCAL_SECONDS
        )
        self._tags = InBackground[str, tuple[str, ...]](
            registry_tags, kept=50, seconds=_TAGS_SECONDS, failed_seconds=60.0
        )

    def local(self, session: Session, wait: float) -> Sequence[str]:
        """Names of the images on the engine; at most ten seconds old."""
        return self._local.ask(session, wait) or ()

    def tags(self, repository: str, wait: float) -> Sequence[str]:
        """`repository:tag` for all tags in its registry; none if it does not answer in time."""
        return [f"{repository}:{tag}" for tag in self._tags.ask(repository, wait) or ()]


def _local(session: Session, _cancel: threading.Event) -> tuple[str, ...]:
    return tuple(session.local_references())
