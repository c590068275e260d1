"""What the mounts of a RUN show: files of the build context, of a stage or of an image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..engines.base import Engine, FileView, Mount
from ..errors import BuildError, DockernbError
from ..oci.digest import short_id
from .context import BuildContext
from .copy_content import content_of
from .copy_items import CopyItem, collect_path
from .link_paths import join, resolve_links
from .source_entry import SourceEntry
from .tar_stream import TarEntry, tar_stream

__all__ = ["found_in_images", "of_context", "of_image"]


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

    def files(name: str) -> Iterable[bytes]:
        return tar_stream(_entries(item, f"/{name}"))

    shown = replace(mount, files=files, is_file=item.entry.type != "dir")
    digests = {f"mount {mount.target} {name}": each for name, each in content_of([item]).items()}
    if item.entry.type == "dir" and item.shown:  # unlike COPY, it shows the directory itself
        digests[f"mount {mount.target}"] = f"dir {item.entry.mode:o}"
    return shown, digests


def found_in_images(mounts: Iterable[Mount], engine: Engine) -> tuple[Mount, ...]:
    """The mounts with the links in their paths resolved, and whether they show a file.

    Raises:
        BuildError: An image does not have what is to be shown.
    """
    return tuple(_found(mount, engine) for mount in mounts)


def _found(mount: Mount, engine: Engine) -> Mount:
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
