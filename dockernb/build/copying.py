"""COPY and ADD: collect the files (for the cache key), then write them into a container."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field

from dockernb.engines.base import Engine, OnProgress, WorkingContainer
from dockernb.errors import BuildError, DockernbError
from dockernb.oci.digest import short_id

from .add_git import GitSource, parse_git
from .add_url import UrlSource
from .byte_count import Watch
from .context import BuildContext
from .copy_content import content_of
from .copy_items import CopyItem, collect_items
from .copy_mode import parse_chmod
from .copy_owner import resolve_owner
from .copy_plan import CopyPlan
from .copy_request import CopyRequest
from .destination import Destination, Owner
from .downloads import Downloads
from .image_source import ImageTree
from .link_paths import clean, destination_path
from .paused_collection import garbage_collection_paused
from .remote_source import check_sources, is_git, is_url
from .source_entry import inline_entry
from .spool import Spool
from .tar_stream import tar_stream

__all__ = ["CopySource", "collect_from_context", "collect_from_image", "make_directory"]


@dataclass(frozen=True)
class CopySource:
    """The files of one COPY or ADD, ready to be written.

    Args:
        content: What the cache key holds: name for the reader -> SHA-256 of type, mode, link target
            and bytes, without times. Files of an image are stood for by the image's ID.
        open_items: Gives the files for the length of a `with` block.
    """

    content: Mapping[str, str]
    open_items: Callable[[], AbstractContextManager[Sequence[CopyItem]]] = field(repr=False)

    def apply(
        self, container: WorkingContainer, request: CopyRequest, watch: Watch | None = None
    ) -> tuple[str, ...]:
        """Writes the files into `container`; returns warnings for the reader.

        Nothing is written when it fails before the first byte is sent.

        Args:
            watch: Is told how far it is.

        Raises:
            BuildError: As in docker build: something is in the way, a source is missing.
            ContextError: A file changed or vanished since it was collected.
        """
        resolved = resolve_owner(request.chown, container)
        destination = Destination(container)
        with self.open_items() as items, Spool() as spool:
            CopyPlan(
                destination,
                destination_path(request.destination, request.working_dir),
                resolved.owner if resolved else None,
                parse_chmod(request.chmod),
                request.unpacks_local,
                spool,
            ).add(items)
            if destination.entries:
                stream = tar_stream(destination.entries)
                if watch is not None:
                    size = sum(entry.size for entry in destination.entries)
                    stream = watch.count("files", "sending", size).through(stream)
                container.write(stream)
        return resolved.warnings if resolved else ()


def collect_from_context(
    request: CopyRequest,
    context: BuildContext,
    on_progress: OnProgress | None = None,
    cancel: threading.Event | None = None,
    downloads: Downloads | None = None,
    watch: Watch | None = None,
) -> CopySource:
    """Reads what the request takes from the build context.

    Of a URL or a git repository only so much is fetched as tells its content for the cache key;
    the rest comes when the files are opened.

    Args:
        downloads: What is known of URLs.
        watch: Is told how far the reading of files is.

    Raises:
        NotInBuildContextError: A source does not exist or is ignored.
        ContextError: A file cannot be read, or changes meanwhile.
        BuildError: A URL cannot be fetched, or its checksum differs.
    """
    check_sources(request)

    def missing(source: str) -> DockernbError:
        return context.missing(request.name, source)

    tree = context.tree()
    parts: list[list[CopyItem] | GitSource | UrlSource] = []
    content: dict[str, str] = {}
    with garbage_collection_paused():
        for source in request.sources:
            if is_git(source):
                found = parse_git(source, keep_git_dir=request.keep_git_dir).resolved(cancel)
                content[found.shown] = f"commit {found.commit}"
                parts.append(found)
                continue
            if is_url(source):
                file = UrlSource(source, request.checksum, bool(request.unpack))
                file = file.resolved(downloads, on_progress, cancel)
                content[source] = f"file 600 {file.digest}"
                parts.append(file)
                continue
            items = collect_items(tree, request, (source,), missing)
            content |= content_of(items, watch)
            parts.append(items)
        inline = _inline_items(request)
        content |= content_of(inline)
        parts.append(inline)

    @contextmanager
    def open_items() -> Iterator[Sequence[CopyItem]]:
        with ExitStack() as stack:
            opened: list[CopyItem] = []
            for part in parts:
                if isinstance(part, GitSource):
                    opened.append(stack.enter_context(part.opened(cancel)))
                elif isinstance(part, UrlSource):
                    opened.append(part.item(on_progress, cancel))
                else:
                    opened += part
            yield opened

    return CopySource(content, open_items)


def collect_from_image(request: CopyRequest, engine: Engine, image_id: str) -> CopySource:
    """`COPY --from`: nothing is read before `apply`, because the image ID stands for its files.

    `apply` raises `BuildError` for a source that the image does not have.
    """
    check_sources(request)

    def missing(source: str) -> DockernbError:
        return BuildError(
            f'{request.name} source "{source}" is not in the image {short_id(image_id)}',
            rule="With --from, a source is a path in the image, from its root on.",
        )

    @contextmanager
    def open_items() -> Iterator[Sequence[CopyItem]]:
        with engine.open_image(image_id) as container, ImageTree(container) as tree:
            found = collect_items(tree, request, request.sources, missing)
            yield [*found, *_inline_items(request)]

    content = {"the image of --from": image_id, **content_of(_inline_items(request))}
    return CopySource(content, open_items)


def make_directory(container: WorkingContainer, path: str, owner: str = "") -> tuple[str, ...]:
    """Makes `path` and its missing parents (0755) for `owner`, as WORKDIR; returns warnings.

    Args:
        owner: As USER writes it; "" is root.

    Raises:
        BuildError: A file is in the way.
    """
    resolved = resolve_owner(owner, container)
    destination = Destination(container)
    destination.make_directories(
        destination.resolve(clean(path)), resolved.owner if resolved else Owner()
    )
    if destination.entries:
        container.write(tar_stream(destination.entries))
    return resolved.warnings if resolved else ()


def _inline_items(request: CopyRequest) -> list[CopyItem]:
    """The heredocs. As if each stood at a root: of a name with directories the last part counts."""
    return [
        CopyItem(
            clean(heredoc.name).rpartition("/")[2],
            f"<<{heredoc.name}",
            inline_entry(heredoc.data),
            may_unpack=False,
        )
        for heredoc in request.heredocs
    ]
