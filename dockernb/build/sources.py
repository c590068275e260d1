"""What a step reads from outside its container: the build context, other stages, images, URLs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from ..engines.base import Engine, Image, Mount, OnProgress
from ..errors import InternalError
from .bind_mounts import OpenTree, of_context, of_image
from .context import BuildContext, named_folder
from .copy_request import CopyRequest
from .copying import CopySource, collect_from_context, collect_from_image, collect_from_remote
from .named_contexts import NamedContext
from .outcome import Action, CopyFiles, RunCommand
from .remote_context import Fetching, RemoteContext
from .remote_source import is_git, is_url
from .stage_or_image import stage_or_image
from .state import BuildState

__all__ = ["WHOLE", "OnPull", "Sources", "collect_sources", "collect_whole", "find_or_pull"]

# All files of a context, as FROM takes them.
WHOLE = CopyRequest(("/",), "/")

# Called with the name of what is about to be fetched; gives what takes the progress.
OnPull = Callable[[str], OnProgress]


@dataclass(frozen=True)
class Sources:
    """What was read.

    Args:
        files: The files that COPY or ADD will put into the container.
        mounts: The mounts of RUN, with the files that they show.
        remotes: Number of a mount -> opens the named context whose files it shows. They are
            fetched when it is known that the command is run.
        content: Name -> digest of what is read, for the cache key.
    """

    files: CopySource | None = None
    mounts: tuple[Mount, ...] = ()
    remotes: Mapping[int, OpenTree] = field(default_factory=dict)
    content: Mapping[str, str] = field(default_factory=dict)


def collect_sources(
    action: Action,
    engine: Engine,
    context: BuildContext,
    state: BuildState,
    on_pull: OnPull | None,
    fetching: Fetching,
) -> Sources | None:
    """Reads what `action` needs.

    Args:
        state: Before the instruction; an error lists its stages.
        on_pull: None: nothing is fetched from a registry. (What stands behind a URL or in a
            repository is looked at all the same: without its content there is no cache key.)

    Returns:
        None if something would have to be fetched and may not.

    Raises:
        StageNotFoundError, ImageNotFoundError, RegistryError: An image cannot be had.
    """
    collecting = _Collecting(engine, context, state, on_pull, fetching)
    if isinstance(action, CopyFiles):
        return collecting.copied(action)
    if isinstance(action, RunCommand):
        return collecting.mounted(action)
    return Sources()


@dataclass(frozen=True)
class _Collecting:
    """What `collect_sources` was given."""

    engine: Engine
    context: BuildContext
    state: BuildState
    on_pull: OnPull | None
    fetching: Fetching

    def copied(self, action: CopyFiles) -> Sources | None:
        """The files of COPY and ADD."""
        request, source, label = action.request, action.source, f"--from={action.from_name}"
        if source.image is not None:
            image = self._image(source.image)
            if image is None:
                return None
            files = collect_from_image(request, self.engine, image.id)
            return Sources(files, content={label: image.id})
        if source.remote is not None:
            files = self._from_remote(request, source.remote, label)
        else:
            urls = [name for name in request.sources if is_url(name) or is_git(name)]
            files = collect_from_context(
                request, self._folder(source), self._progress(" ".join(urls)), self.fetching
            )
        return Sources(files, content=files.content)

    def mounted(self, action: RunCommand) -> Sources | None:
        """What bind mounts show and caches begin with."""
        content: dict[str, str] = {}
        remotes: dict[int, OpenTree] = {}
        mounts = []
        for number, mount in enumerate(action.spec.mounts):
            shown = mount
            source = action.contexts.get(number)
            if mount.source_image is not None:
                image = self._image(mount.source_image)
                if image is None:
                    return None
                content[f"mount {mount.target}"] = image.id
                shown = of_image(mount, image.id)
            elif source is not None and source.remote is not None:
                on_progress = self._progress(source.remote.shown)
                known = source.remote.resolved(self.fetching, on_progress)
                remotes[number] = partial(known.tree, self.fetching, on_progress)
                content[f"mount {mount.target}"] = known.digest
            elif source is not None:
                shown, found = of_context(mount, self._folder(source))
                content |= found
            mounts.append(shown)
        return Sources(mounts=tuple(mounts), remotes=remotes, content=content)

    def _image(self, name: str) -> Image | None:
        with stage_or_image(name, self.state):
            return find_or_pull(name, self.engine, self.on_pull, self.fetching.cancel)

    def _folder(self, source: NamedContext) -> BuildContext:
        return named_folder(source.folder) if source.folder is not None else self.context

    def _from_remote(self, request: CopyRequest, remote: RemoteContext, label: str) -> CopySource:
        on_progress = self._progress(remote.shown)
        known = remote.resolved(self.fetching, on_progress)
        return collect_from_remote(request, known, label, on_progress, self.fetching)

    def _progress(self, names: str) -> OnProgress | None:
        return self.on_pull(names) if names and self.on_pull is not None else None


def collect_whole(
    source: NamedContext, name: str, on_pull: OnPull | None, fetching: Fetching
) -> CopySource:
    """All files of a named context that is no image, as FROM takes them.

    Args:
        name: What FROM calls it.
    """
    if source.remote is not None:
        on_progress = on_pull(source.remote.shown) if on_pull is not None else None
        known = source.remote.resolved(fetching, on_progress)
        return collect_from_remote(WHOLE, known, name, on_progress, fetching)
    if source.folder is None:
        raise InternalError("FROM of the build context")
    return collect_from_context(WHOLE, named_folder(source.folder), fetching=fetching)


def find_or_pull(
    reference: str, engine: Engine, on_pull: OnPull | None, cancel: threading.Event
) -> Image | None:
    """The image on the engine, else from its registry, unless nothing may be fetched."""
    image = engine.find_image(reference)
    if image is None and on_pull is not None:
        image = engine.pull(reference, None, on_pull(reference), cancel)
    return image
