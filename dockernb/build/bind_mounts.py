"""What the mounts of a RUN show: files of the build context, of a stage or of an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace

from ..engines.base import Engine, FileView, Mount
from ..errors import BuildError, DockernbError
from ..oci.digest import short_id
from .context import BuildContext
from .copy_content import content_of
from .copy_items import CopyItem, collect_path
from .link_paths import join, resolve_links
from .source_entry import SourceEntry, SourceTree
from .tar_stream import TarEntry, tar_stream

__all__ = ["OpenTree", "of_context", "of_image", "opened_mounts"]

# Opens a tree of files that has to be fetched.
OpenTree = Callable[[], AbstractContextManager[SourceTree]]


def of_image(mount: Mount, image_id: str) -> Mount:
    """The mount of files of an image. A cache that begins with them is named by them, too."""
    if mount.kind == "cache":
        name = f"{mount.source}\nfrom={image_id}:{mount.base}"
        return replace(mount, source_image=image_id, source=name)
    return replace(mount, source_image=image_id)


def of_context(mount: Mount, context: BuildContext) -> tuple[Mount, Mapping[str, str]]:
    """The mount of files of a context, and their digests for the cache key.

    Raises:
        NotInBuildContextError: There is nothing of that name, or it is ignored.
    """

    def missing() -> DockernbError:
        return context.missing("RUN --mount", mount.source)

    item = collect_path(context.tree(), mount.source, missing)
    digests = {f"mount {mount.target} {name}": each for name, each in content_of([item]).items()}
    if item.entry.type == "dir" and item.shown:  # unlike COPY, it shows the directory itself
        digests[f"mount {mount.target}"] = f"dir {item.entry.mode:o}"
    return _showing(mount, item), digests


@contextmanager
def opened_mounts(
    mounts: Iterable[Mount], remotes: Mapping[int, OpenTree], engine: Engine
) -> Iterator[tuple[Mount, ...]]:
    """The mounts ready for a command, for the length of the block.

    Those of images have the links in their paths resolved; what `remotes` show is fetched.

    Raises:
        BuildError: An image or a repository does not have what is to be shown.
    """
    with ExitStack() as stack:
        yield tuple(
            _of_remote(mount, stack.enter_context(remotes[number]()))
            if number in remotes
            else _of_image(mount, engine)
            for number, mount in enumerate(mounts)
        )


def _of_remote(mount: Mount, tree: SourceTree) -> Mount:
    def missing() -> DockernbError:
        return BuildError(f'RUN --mount source "{mount.source}" is not in what from= names')

    return _showing(mount, collect_path(tree, mount.source, missing))


def _showing(mount: Mount, item: CopyItem) -> Mount:
    def files(name: str) -> Iterable[bytes]:
        return tar_stream(_entries(item, f"/{name}"))

    return replace(mount, files=files, is_file=item.entry.type != "dir")


def _of_image(mount: Mount, engine: Engine) -> Mount:
    if mount.source_image is None:
        return mount
    path = mount.base if mount.kind == "cache" else mount.source
    if path == "/":
        return mount
    with engine.open_image(mount.source_image) as view:
        path = resolve_links(path, lambda name: _link_target(view, name))
        found = view.stat(path)
    if found is None:
        raise BuildError(
            f'RUN --mount source "{path}" is not in the image {short_id(mount.source_image)}',
            rule="With from=, a source is a path in the image, from its root on.",
        )
    if mount.kind == "cache":
        return replace(mount, base=path)
    return replace(mount, source=path, is_file=found.type != "dir")


def _link_target(view: FileView, path: str) -> str | None:
    found = view.stat(path)
    return found.link_target if found is not None and found.type == "symlink" else None


def _entries(item: CopyItem, top: str) -> Iterator[TarEntry]:
    yield _entry(top, item.entry, mode=0o755 if not item.shown else None)
    for relative, entry in item.below:
        if entry.type not in {"socket", "unknown"}:
            yield _entry(join(top, relative), entry)


def _entry(path: str, entry: SourceEntry, mode: int | None = None) -> TarEntry:
    """Files of a context are root's; its own folder is 0755."""
    return TarEntry(
        path,
        entry.type,
        entry.mode if mode is None else mode,
        size=entry.size,
        mtime=entry.mtime,
        link_target=entry.link_target,
        device=entry.device,
        content=entry.content if entry.type == "file" else None,
    )
