"""Where a test builds: an engine with a home of its own, and what may be left there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import docker
from docker.errors import APIError

from dockernb.engines.docker.images import TEMPORARY_LABEL
from dockernb.engines.docker.owner import Owner
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.oci.digest import sha256_digest
from tests.conformance.busybox import busybox_base
from tests.functional.notebooks import remove_image

LABEL = "dockernb.test-of-faults"
#: The ID of the cache mounts.
CACHE = "test-of-faults"


class Place(Protocol):
    """An engine as a test of faults sees it."""

    @property
    def base(self) -> str:
        """An image of busybox."""

    @property
    def environment(self) -> dict[str, str]:
        """By which a process finds it."""

    def left_behind(self) -> list[str]:
        """What of dead processes is there."""

    def check_images(self) -> None:
        """Every image that it shows is whole."""

    def tidy(self) -> None:
        """Removes the images that were made."""

    def remove(self, image_id: str) -> None:
        """Removes one image, whoever uses it."""


@dataclass(frozen=True)
class DockerPlace:
    """A Docker daemon."""

    host: str
    home: Path
    client: docker.APIClient
    base: str = "busybox:noconfig"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DOCKER_HOST": self.host,
            "DOCKERNB_ENGINE": "docker",
            "DOCKERNB_HOME": str(self.home),
        }

    def _removed(self, image_id: str) -> bool:
        try:
            self.client.remove_image(image_id, force=True, noprune=True)
        except APIError:
            return False
        return True

    def left_behind(self) -> list[str]:
        found = [c["Names"][0] for c in self.client.containers(all=True)]
        found += [volume["Name"] for volume in self.client.volumes()["Volumes"] or ()]
        images = self.client.images(all=True, filters={"label": TEMPORARY_LABEL})
        found += [image["Labels"][TEMPORARY_LABEL] for image in images]
        return [name for name in found if _is_of_the_dead(name)]

    def check_images(self) -> None:
        """The daemon's own business."""

    def remove(self, image_id: str) -> None:
        remove_image(self.client, image_id)

    def tidy(self) -> None:
        found = [each["Id"] for each in self.client.images(all=True, filters={"label": LABEL})]
        while found:  # an image goes before the one that it was made from
            kept = [image_id for image_id in found if not self._removed(image_id)]
            if len(kept) == len(found):
                break
            found = kept
        caches = self.client.volumes(filters={"label": f"dockernb.cache={CACHE}"})
        for volume in caches["Volumes"] or ():
            with suppress(APIError):
                self.client.remove_volume(volume["Name"])


def _is_of_the_dead(name: str) -> bool:
    owner = Owner.of_name(name)
    return owner is not None and owner.is_dead()


@dataclass(frozen=True)
class EmbeddedPlace:
    """A store of the embedded engine.

    Args:
        rung: 1: with overlay mounts; 4 and 5: without mounts.
    """

    rung: int
    home: Path
    base: str = "faults-base"

    def make(self) -> EmbeddedPlace:
        engine = EmbeddedEngine(self.store, rung=self.rung)
        try:
            engine.tag(busybox_base(engine).id, self.base)
        finally:
            engine.close()
        return self

    @property
    def store(self) -> Path:
        return self.home / "store"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DOCKERNB_RUNG": str(self.rung),
            "DOCKERNB_ENGINE": "embedded",
            "DOCKERNB_HOME": str(self.home),
        }

    def left_behind(self) -> list[str]:
        """Strays, places of dead workers, locks, mounts, and groups without processes."""
        folders = [self.store, *(each for each in self.store.iterdir() if each.is_dir())]
        found = [str(file) for each in folders for file in each.glob(".*")]
        found += map(str, (self.store / "oci/tmp").glob("*"))
        found += map(str, (self.store / "downloads").glob("*"))
        found += [str(each) for each in (self.store / "leases").iterdir() if not _is_held(each)]
        found += [str(each) for each in (self.store / "running").iterdir()]
        found += [str(each) for each in (self.store / "trees").glob("*/.*aside*")]
        found += [line for line in Path("/proc/mounts").read_text().splitlines()
                  if str(self.store) in line]  # fmt: skip
        return found

    def check_images(self) -> None:
        """Config, manifest and layers of every record have the digests that name them."""
        engine = EmbeddedEngine(self.store, rung=self.rung)
        try:
            for record in engine._images.records():
                blobs = [record.id, record.manifest.digest]
                for digest in (*blobs, *(layer.blob.digest for layer in record.layers)):
                    data = engine._images.layout.blob_path(digest).read_bytes()
                    assert sha256_digest(data) == digest
        finally:
            engine.close()

    def remove(self, image_id: str) -> None:
        """As `dockernb prune` does where no lease holds it."""
        (self.store / "images" / image_id.removeprefix("sha256:")).unlink()

    def tidy(self) -> None:
        engine = EmbeddedEngine(self.store, rung=self.rung)
        try:
            engine.prune()
        finally:
            engine.close()


def _is_held(file: Path) -> bool:
    with file.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def processes_with(mark: str) -> Iterator[int]:
    """Processes that have this in their environment."""
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                yield int(folder.name)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not collected does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
    return False


def await_end(pid: int) -> None:
    """Waits for the end of a process that is no child; the test's own time limit ends it."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            import select

            select.select([descriptor], [], [])
        finally:
            os.close(descriptor)
