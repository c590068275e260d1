"""What a step reads from outside its container: the build context, other stages, images, URLs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..engines.base import Engine, Image, Mount, OnProgress
from .bind_mounts import of_context, of_image
from .byte_count import Watch
from .context import BuildContext, named_folder
from .copying import CopySource, collect_from_context, collect_from_image
from .downloads import Downloads
from .outcome import Action, CopyFiles, RunCommand
from .remote_source import is_git, is_url
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
        mounts: The mounts of RUN, with the files that they show.
        content: Name -> digest of what is read, for the cache key.
    """

    files: CopySource | None = None
    mounts: tuple[Mount, ...] = ()
    content: Mapping[str, str] = field(default_factory=dict)


def collect_sources(
    action: Action,
    engine: Engine,
    context: BuildContext,
    state: BuildState,
    on_pull: OnPull | None,
    watch: Watch,
    downloads: Downloads,
) -> Sources | None:
    """Reads what `action` needs.

    Args:
        state: Before the instruction; an error lists its stages.
        on_pull: None: nothing is fetched from a registry. (What ADD takes from a URL is fetched all
            the same: without its content there is no cache key.)
        watch: Is told how far the reading of the build context is, and ends it.

    Returns:
        None if something would have to be fetched and may not.

    Raises:
        StageNotFoundError, ImageNotFoundError, RegistryError: An image cannot be had.
    """
    cancel = watch.cancel
    if isinstance(action, CopyFiles):
        if action.from_image is None:
            urls = [source for source in action.request.sources if is_url(source) or is_git(source)]
            on_progress = on_pull(" ".join(urls)) if urls and on_pull is not None else None
            if action.from_folder is not None:
                context = named_folder(action.from_folder)
            files = collect_from_context(
                action.request, context, on_progress, cancel, downloads, watch
            )
            return Sources(files, content=files.content)
        with stage_or_image(action.from_image, state):
            image = find_or_pull(action.from_image, engine, on_pull, cancel)
        if image is None:
            return None
        files = collect_from_image(action.request, engine, image.id)
        return Sources(files, content={f"--from={action.from_name}": image.id})
    if isinstance(action, RunCommand):
        return _mounted(action, engine, context, state, on_pull, cancel)
    return Sources()


def _mounted(
    action: RunCommand,
    engine: Engine,
    context: BuildContext,
    state: BuildState,
    on_pull: OnPull | None,
    cancel: threading.Event,
) -> Sources | None:
    """What bind mounts show and caches begin with."""
    content: dict[str, str] = {}
    mounts = []
    for number, mount in enumerate(action.spec.mounts):
        shown = mount
        if mount.source_image is not None:
            with stage_or_image(mount.source_image, state):
                image = find_or_pull(mount.source_image, engine, on_pull, cancel)
            if image is None:
                return None
            content[f"mount {mount.target}"] = image.id
            shown = of_image(mount, image.id)
        elif number in action.from_folders:
            folder = action.from_folders[number]
            shown, found = of_context(mount, named_folder(folder) if folder else context)
            content |= found
        mounts.append(shown)
    return Sources(mounts=tuple(mounts), content=content)


def find_or_pull(
    reference: str, engine: Engine, on_pull: OnPull | None, cancel: threading.Event
) -> Image | None:
    """The image on the engine, else from its registry, unless nothing may be fetched."""
    image = engine.find_image(reference)
    if image is None and on_pull is not None:
        image = engine.pull(reference, None, on_pull(reference), cancel)
    return image
