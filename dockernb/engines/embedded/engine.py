"""The embedded engine: `Engine` of engines/base.py without a daemon."""

from __future__ import annotations

import hashlib
import platform as machine
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dockernb import __version__
from dockernb.engines.base import (
    ArchiveFormat,
    ContainerSpec,
    EngineInfo,
    FileView,
    Image,
    OnProgress,
    RemovedCaches,
    StartSpec,
)
from dockernb.engines.embedded.archives import load_images, save_images
from dockernb.engines.embedded.container import EmbeddedContainer
from dockernb.engines.embedded.kept import KeptImages
from dockernb.engines.embedded.limits import limits_from_environment, limits_in_words
from dockernb.engines.embedded.pull import pull_image
from dockernb.engines.embedded.push import push_image
from dockernb.engines.embedded.running import EmbeddedRunning
from dockernb.engines.embedded.store.caches import set_caches_aside
from dockernb.engines.embedded.store.collect import Garbage, collect, folder_size
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.leases import Lease, leased_images
from dockernb.engines.embedded.store.places import dead_places, take_away
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.engines.embedded.store.strays import Strays
from dockernb.engines.embedded.ways import RungFacts, ladder_of
from dockernb.engines.embedded.worker.client import HelperProcess
from dockernb.errors import EngineError, ImageNotFoundError
from dockernb.oci.config import ImageConfig, Platform
from dockernb.oci.platforms import matches, platform_of
from dockernb.oci.reference import Reference

__all__ = ["EmbeddedEngine", "RungFacts"]


class EmbeddedEngine:
    """One store, and one helper process. Safe to use from several threads.

    Args:
        store: Folder of the images; made if it is missing.
        rung: Way to run commands (1 to 7, see `guest.Rung`); else the best that works.

    Raises:
        EngineNotAvailableError: the store cannot be used, or a variable of the environment that
            sets a limit is not understood.
    """

    def __init__(self, store: Path, *, rung: int | None = None) -> None:
        self._limits = limits_from_environment()
        folders = StoreFolders(store.resolve()).make()
        self._lease = Lease(folders.leases)
        self._images = ImageStore(folders, self._hold)
        self._helper = HelperProcess(folders.root, rung)
        self._kept = KeptImages(self._images, self._lease, self._remove_strays)
        self._info = _engine_info(folders)

    def start(self) -> None:
        """Starts the helper, which tries what this machine allows.

        Raises:
            EngineNotAvailableError: the helper cannot work here.
        """
        self._helper.facts()

    def ladder(self) -> list[RungFacts]:
        """What was found of each way to run commands, best first; one of them is in use.

        Raises:
            EngineNotAvailableError: the helper cannot work here.
        """
        return ladder_of(self._helper.facts())

    def limits(self) -> str:
        """What a command may use, and how that is kept, in words.

        Raises:
            EngineNotAvailableError: the helper cannot work here.
        """
        return limits_in_words(self._limits, self._helper.facts())

    def size(self) -> int:
        """Bytes that the store takes on the disk."""
        return folder_size(self._images.folders.root)

    def info(self) -> EngineInfo:
        return self._info

    def image(self, image_id: str) -> Image | None:
        found = self._held(image_id)
        return found[0] if found else None

    def find_image(self, reference: str, platform: Platform | None = None) -> Image | None:
        image = self._images.find(reference)
        if image is None or (platform and not matches(image.config.platform, platform)):
            return None
        return self.image(image.id)

    def pull(
        self,
        reference: str,
        platform: Platform | None,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> Image:
        wanted = platform or self._info.platform
        return pull_image(
            self._images, self._helper, Reference.parse(reference), wanted, on_progress, cancel
        )

    def local_references(self) -> list[str]:
        return sorted(Reference.parse(name).familiar for name in self._images.names())

    def scratch(self, config: ImageConfig) -> Image:
        with self._images.layout.lock(shared=True):
            return self._images.add(config.with_layers(()), ())

    @contextmanager
    def create(self, parent: str, spec: ContainerSpec) -> Iterator[EmbeddedContainer]:
        container = EmbeddedContainer(
            self._images, self._helper, self._record(parent), spec, self._limits, self._kept.keep,
        )  # fmt: skip
        try:
            yield container
        finally:
            container.remove()

    def prepare(self, parent: str, spec: ContainerSpec) -> None:
        """Nothing: a container starts in no time."""

    def launch(self, image_id: str, spec: StartSpec) -> EmbeddedRunning:
        image, record = self._found(image_id)
        config = image.config.runtime
        return EmbeddedRunning(self._images, self._helper, record, config, spec, self._limits)

    def tag(self, image_id: str, reference: str) -> None:
        self._record(image_id)
        self._images.tag(image_id, reference)

    @contextmanager
    def open_image(self, image_id: str) -> Iterator[FileView]:
        with self.create(image_id, ContainerSpec(network="none")) as container:
            yield container

    def remove_leftovers(self) -> list[str]:
        """Removes all that dead processes left; returns the names of their working containers."""
        folders = self._images.folders
        with store_errors("removing what dead processes left", folders.root):
            taken = [place.name for place in dead_places(folders.running) if take_away(place)]
            leased_images(folders.leases)  # those of the dead go
            self._kept.take_leftovers()
            self._remove_strays()
        return taken

    def push(self, reference: str, on_progress: OnProgress, cancel: threading.Event) -> str:
        """Sends the image of this name to its registry; returns the digest of its manifest.

        Raises:
            ImageNotFoundError: the store has no such image.
        """
        image = self._images.find(reference)
        if image is None:
            raise ImageNotFoundError(
                f'there is no image "{reference}" in the store',
                hint=f"dockernb run NOTEBOOK -t {reference}",
            )
        name = Reference.parse(reference)
        return push_image(self._images, self._record(image.id), name, on_progress, cancel)

    def save(
        self,
        names: Sequence[str],
        out: BinaryIO,
        form: ArchiveFormat,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> None:
        save_images(self._images, names, out, form, on_progress, cancel)

    def load(
        self, file: Path, on_progress: OnProgress, cancel: threading.Event
    ) -> list[tuple[Image, tuple[str, ...]]]:
        """Takes the images of an archive into the store; gives each with its names."""
        return load_images(self._images, self._helper, file, on_progress, cancel)

    def prune(self, *, with_named: bool = False) -> Garbage:
        """Removes what nobody needs: see `collect`."""
        garbage = collect(self._images, with_named=with_named)
        self._remove_strays()
        return garbage

    def remove_caches(self) -> RemovedCaches:
        with store_errors("removing caches", self._images.folders.root):
            removed = set_caches_aside(self._images.folders)
            self._remove_strays()
        return removed

    def _remove_strays(self) -> None:
        if Strays(self._images.folders).exist():
            worker = self._helper.worker()
            try:
                worker.call("sweep")
            finally:
                worker.close()

    def close(self) -> None:
        self._kept.close()
        self._helper.close()
        self._lease.close()

    def _record(self, image_id: str) -> ImageRecord:
        return self._found(image_id)[1]

    def _found(self, image_id: str) -> tuple[Image, ImageRecord]:
        found = self._held(image_id)
        if found is None:
            raise EngineError(
                f'the image "{image_id}" is gone from the store', hint="run the cells above again"
            )
        return found

    def _held(self, image_id: str) -> tuple[Image, ImageRecord] | None:
        """The image and its record, which stay as long as this engine; None if it is not there."""
        if self._images.get(image_id) is None:
            return None
        self._hold(image_id)
        # A collection that began before the lease was noted may have taken it: see `collect`.
        return self._images.get(image_id)

    def _hold(self, image_id: str) -> None:
        with store_errors("noting that the image is in use", self._images.folders.root):
            self._lease.hold(image_id)


def _engine_info(folders: StoreFolders) -> EngineInfo:
    status = folders.root.stat()
    identity = hashlib.sha256(f"embedded {folders.root} {status.st_ino}".encode()).hexdigest()
    uname = machine.uname()
    return EngineInfo(
        name="embedded",
        identity=identity,
        version=__version__,
        platform=platform_of(uname.system.lower(), uname.machine),
        address=str(folders.root),
    )
