"""Where things lie in the store, and which version of that this is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dockernb.engines.embedded.store.errors import disk_error, is_full
from dockernb.errors import EngineNotAvailableError
from dockernb.oci.durable import write_atomically
from dockernb.oci.private_folder import make_private_folder

__all__ = ["VERSION", "StoreFolders"]

VERSION = "1"


@dataclass(frozen=True)
class StoreFolders:
    """The folders of one store; all of its processes see the same ones.

    Args:
        root: `store` below DOCKERNB_HOME, or the user's data folder.
    """

    root: Path

    @property
    def layout(self) -> Path:
        """The OCI image layout: configs, manifests, layers as delivered or made."""
        return self.root / "oci"

    @property
    def records(self) -> Path:
        """One file an image, named by the hex digits of its ID."""
        return self.root / "images"

    @property
    def unpacked(self) -> Path:
        """One folder a layer, as overlay mounts want it."""
        return self.root / "overlay"

    @property
    def trees(self) -> Path:
        """Working trees, where no overlay can be mounted."""
        return self.root / "trees"

    @property
    def plain(self) -> Path:
        """Uncompressed copies of compressed layers, for working trees."""
        return self.root / "plain"

    @property
    def compressed(self) -> Path:
        """Descriptors of what plain layers became when they were pushed, by their digits."""
        return self.root / "compressed"

    @property
    def downloads(self) -> Path:
        """Blobs on their way from a registry."""
        return self.root / "downloads"

    @property
    def running(self) -> Path:
        """One folder a working container; locked while its worker lives."""
        return self.root / "running"

    @property
    def leases(self) -> Path:
        """One file an engine in use; locked while its process lives."""
        return self.root / "leases"

    @property
    def caches(self) -> Path:
        """The folders of `RUN --mount=type=cache`."""
        return self.root / "caches"

    def make(self) -> StoreFolders:
        """Creates what is missing.

        Raises:
            EngineNotAvailableError: it cannot be written, or a newer dockernb made it.
            StorageFullError: the disk is full.
        """
        try:
            make_private_folder(self.root)
            for folder in self._all():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_version()
        except OSError as err:
            if is_full(err):
                raise disk_error(err, "making the image store", self.root) from err
            raise EngineNotAvailableError(
                f'the image store "{self.root}" cannot be written: {err.strerror}',
                hint="Set DOCKERNB_HOME to a folder that you may write to.",
            ) from err
        return self

    def _all(self) -> tuple[Path, ...]:
        images = (self.records, self.unpacked, self.trees, self.plain, self.compressed)
        return (self.root, *images, self.running, self.leases, self.caches, self.downloads)

    def _check_version(self) -> None:
        file = self.root / "version"
        try:
            found = file.read_text().strip()
        except FileNotFoundError:
            write_atomically(file, VERSION.encode())
            return
        if found != VERSION:
            raise EngineNotAvailableError(
                f'the image store "{self.root}" has version "{found[:20]}"',
                rule=f"this dockernb reads version {VERSION}",
                hint="Use the dockernb that made it, or set DOCKERNB_HOME to another folder.",
            )
