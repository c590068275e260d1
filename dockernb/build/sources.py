"""What a step reads from outside its container: the build context, other stages, images, URLs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..engines.base import Engine, Image, OnProgress
from .context import BuildContext
from .copying import CopySource, collect_from_context, collect_from_image
from .outcome import Action, CopyFiles, RunCommand
from .remote_source import is_url
from .stage_or_image import stage_or_image
from .state import BuildState

__all__ = ["OnPull", "Sources", "collect_sources", "find_or_pull"]

# Called with the name of what is about to be fetched; gives what takes the progress.
OnPull = Callable[[str], OnProgress]


@dataclass(frozen=True)
class Sources:
    """What was read.

    Args:
        files: The files that COPY or ADD will put into the container.
        content: Name -> digest of what is read, for the cache key.
    """

    files: CopySource | None = None
    content: Mapping[str, str] = field(default_factory=dict)


def collect_sources(
    action: Action,
    engine: Engine,
    context: BuildContext,
    state: BuildState,
    on_pull: OnPull | None,
    cancel: threading.Event,
) -> Sources | None:
    """Reads what `action` needs.

    Args:
        state: Before the instruction; an error lists its stages.
        on_pull: None: nothing is fetched from a registry. (What ADD takes from a URL is fetched all
            the same: without its content there is no cache key.)

    Returns:
        None if something would have to be fetched and may not.

    Raises:
        StageNotFoundError, ImageNotFoundError, RegistryError: An image cannot be had.
    """
    if isinstance(action, CopyFiles):
        if action.from_image is None:
            urls = [source for source in action.request.sources if is_url(source)]
            on_progress = on_pull(" ".join(urls)) if urls and on_pull is not None else None
            files = collect_from_context(action.request, context, on_progress, cancel)
            return Sources(files, files.content)
        with stage_or_image(action.from_image, state):
            image = find_or_pull(action.from_image, engine, on_pull, cancel)
        if image is None:
            return None
        files = collect_from_image(action.request, engine, image.id)
        return Sources(files, {f"--from={action.from_name}": image.id})
    if isinstance(action, RunCommand):
        return _mounted(action, engine, state, on_pull, cancel)
    return Sources()


def _mounted(
    action: RunCommand,
    engine: Engine,
    state: BuildState,
    on_pull: OnPull | None,
    cancel: threading.Event,
) -> Sources | None:
    """The images that bind mounts show."""
    content = {}
    for mount in action.spec.mounts:
        if mount.kind == "bind" and mount.source_image is not None:
            with stage_or_image(mount.source_image, state):
                image = find_or_pull(mount.source_image, engine, on_pull, cancel)
            if image is None:
                return None
            content[f"mount {mount.target}"] = image.id
    return Sources(None, content)


def find_or_pull(
    reference: str, engine: Engine, on_pull: OnPull | None, cancel: threading.Event
) -> Image | None:
    """The image on the engine, else from its registry, unless nothing may be fetched."""
    image = engine.find_image(reference)
    if image is None and on_pull is not None:
        image = engine.pull(reference, None, on_pull(reference), cancel)
    return image
