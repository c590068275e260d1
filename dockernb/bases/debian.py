"""Making a base: packages are unpacked into an empty container, installed there, and committed."""

from __future__ import annotations

import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dockernb.engines.base import ContainerSpec, Engine, Image, WorkingContainer
from dockernb.errors import BaseImageError
from dockernb.oci.config import HistoryEntry, ImageConfig, Platform, RuntimeConfig

from .apt import Packages, PrivateApt
from .files import base_files
from .name import BaseName, debian_architecture
from .programs import Programs
from .report import Moment, Reporter
from .script import PACKAGES_FOLDER, PATH, install_command
from .unpack import entry, stream, unpacked

__all__ = ["MadeBase", "make_base"]

_TAIL = 4000


@dataclass(frozen=True)
class MadeBase:
    """A base that was made.

    Args:
        packages: How many packages it consists of.
        seconds: How long each part took: download (with the lists), unpack, configure, commit.
    """

    image: Image
    packages: int
    seconds: Mapping[str, float]


def make_base(
    engine: Engine,
    name: BaseName,
    folder: Path,
    *,
    tag: str | None = None,
    reporter: Reporter,
    cancel: threading.Event,
) -> MadeBase:
    """Makes the base on the engine, for the engine's platform, and gives it its name.

    Args:
        folder: Where lists and packages are kept for the next time.
        tag: Another name than the one that was asked for.

    Raises:
        BaseImageError: It cannot be made; no image was made.
        BuildInterruptedError: `cancel` was set; no image was made.
    """
    platform = engine.info().platform
    watch = _Watch()
    apt = PrivateApt(folder, name, debian_architecture(platform), reporter=reporter, cancel=cancel)
    with ExitStack() as stack:
        with watch.part("download"):
            packages = stack.enter_context(apt.packages())
        image = _install(engine, platform, name, packages, reporter, cancel, watch)
    engine.tag(image.id, tag or name.reference)
    return MadeBase(image, len(packages.files), watch.seconds)


def _install(
    engine: Engine,
    platform: Platform,
    name: BaseName,
    packages: Packages,
    reporter: Reporter,
    cancel: threading.Event,
    watch: _Watch,
) -> Image:
    spec = ContainerSpec(
        command=install_command([path.name for path in packages.files]),
        env={
            "PATH": PATH,
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "DEBCONF_NONINTERACTIVE_SEEN": "true",
        },
        user="0:0",
        network="none",
        platform=platform,
    )
    empty = engine.scratch(ImageConfig(platform=platform))
    with engine.create(empty.id, spec) as container:
        with watch.part("unpack"):
            container.write(_tree(name, packages, reporter, cancel))
        with watch.part("configure"):
            _configure(container, len(packages.files), reporter, cancel)
        with watch.part("commit"):
            reporter.moment(Moment("commit", "committing"))
            return container.commit(_config(platform, name, len(packages.files)), layer=True)


def _tree(
    name: BaseName, packages: Packages, reporter: Reporter, cancel: threading.Event
) -> Iterator[bytes]:
    """The tar that is unpacked in the empty container: files, then the packages for dpkg."""
    what = f"unpacking {len(packages.files)} packages"
    programs = Programs(cancel, {})
    done = 0

    def files() -> Iterator[Path]:
        nonlocal done
        for path in packages.files:
            fraction = done / max(packages.size, 1)
            reporter.moment(Moment("unpack", what, fraction, packages.size))
            yield path
            done += path.stat().st_size

    yield from unpacked(files(), programs)
    settings = packages.machine.for_images()
    for file in base_files(packages.sources, settings, is_slim=name.is_slim):
        content = file.text.encode()
        yield entry(file.path, mode=file.mode, size=len(content))
        yield content + bytes(-len(content) % tarfile.BLOCKSIZE)
    for path in packages.files:
        yield from stream(f"{PACKAGES_FOLDER}/{path.name}", path)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _configure(
    container: WorkingContainer, count: int, reporter: Reporter, cancel: threading.Event
) -> None:
    log = _DpkgLog(count, reporter)
    code = container.run(log, cancel)
    if code != 0:
        raise BaseImageError(
            f"dpkg could not install the packages: exit code {code}",
            rule=log.tail.decode("utf-8", "replace").strip(),
            state="No image was made; the packages are kept.",
        )


def _config(platform: Platform, name: BaseName, count: int) -> ImageConfig:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    plain = f"debian:{name.suite}{'-slim' if name.is_slim else ''}"
    return ImageConfig(
        platform=platform,
        runtime=RuntimeConfig(env=(f"PATH={PATH}",), cmd=("bash",)),
        created=now,
        history=(
            HistoryEntry(
                created=now,
                created_by=f"dockernb base {plain}",
                comment=f"{count} Debian packages",
            ),
        ),
    )


class _DpkgLog:
    """Counts what dpkg says it does, and keeps the end for an error."""

    def __init__(self, count: int, reporter: Reporter) -> None:
        self._total = 2 * count
        self._text = f"configuring {count} packages"
        self._reporter = reporter
        self._done = 0
        self._line = b""
        self.tail = b""
        reporter.moment(Moment("configure", self._text, 0.0))

    def __call__(self, data: bytes) -> None:
        self._reporter.output(data)
        self.tail = (self.tail + data)[-_TAIL:]
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[:_TAIL]
        steps = sum(line.startswith((b"Unpacking ", b"Setting up ")) for line in lines)
        if steps:
            self._done = min(self._done + steps, self._total)
            fraction = self._done / self._total
            self._reporter.moment(Moment("configure", self._text, fraction))


class _Watch:
    """Seconds of each part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun
