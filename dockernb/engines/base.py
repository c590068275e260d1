"""The Engine protocol: what a build needs from something that runs containers.

Words:
    image         a config plus its layers on the engine, named by its image ID. Every snapshot is
                  an image.
    working container   the temporary container of one step. It is created from an image (or from
                  nothing), may run one command, may get files, is committed, and is removed.
    commit        working container -> image with exactly the config that was asked for.

Example, one RUN step::

    with engine.create(parent_id, spec) as container:
        code = container.run(process, on_output, cancel)
        diff = container.diff()
        image = container.commit(config)

An engine never shows a half-made image: when `commit` raises, no image was made. All methods may be
called from any thread; one container is used by one thread at a time. Foreign exceptions are
translated to the classes of `dockernb.errors`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol

from ..oci.config import ImageConfig, Platform
from ..oci.diff import FilesystemDiff, FileType
from .launch import Health, OnOutput, Port, RunningContainer, StartSpec
from .terminal import KeptFiles, Terminal, TerminalSize

__all__ = [
    "ArchiveFormat",
    "ContainerSpec",
    "Engine",
    "EngineInfo",
    "FileView",
    "Health",
    "Image",
    "KeptFiles",
    "Mount",
    "OnOutput",
    "OnProgress",
    "PathStat",
    "Port",
    "Process",
    "Progress",
    "PullPolicy",
    "RemovedCaches",
    "RunningContainer",
    "StartSpec",
    "Terminal",
    "TerminalSize",
    "WorkingContainer",
]

PullPolicy = Literal["missing", "always", "never"]
ArchiveFormat = Literal["docker", "oci"]


@dataclass(frozen=True)
class EngineInfo:
    """What `doctor`, the card and the cache need to know of an engine.

    Args:
        name: "docker" or "embedded".
        identity: Stable ID of this engine's image store; the build cache is kept per identity.
        version: Version of the daemon or of dockernb.
        platform: Platform for which images are made when nothing is said.
        address: Where it answers, for example `unix:///var/run/docker.sock`.
        way: How it is reached, and who named that address, for a reader.
        limits: What it cannot do, a sentence each.
    """

    name: str
    identity: str
    version: str
    platform: Platform
    address: str = ""
    way: str = ""
    limits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """An image on the engine.

    Args:
        id: Image ID: the `sha256:` digest of its config; on Docker's containerd image store that of
            the manifest (or index) which names config and layers. Equal IDs are equal images.
        size: Bytes of all layers.
        digest: Digest of the manifest in the registry it was pulled from, when known.
    """

    id: str
    config: ImageConfig
    size: int = 0
    digest: str | None = None


@dataclass(frozen=True)
class Progress:
    """A moment of a pull, push or save.

    Args:
        id: Names a layer, or "archive".
        current: Bytes so far.
        total: Bytes in all; 0: unknown.
    """

    id: str
    status: str
    current: int = 0
    total: int = 0


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class RemovedCaches:
    """Caches of `RUN --mount=type=cache` that are gone.

    Args:
        names: The engine's own names of them.
        size: Bytes that they had on the disk.
    """

    names: tuple[str, ...] = ()
    size: int = 0


@dataclass(frozen=True)
class Mount:
    """A mount that is there while the command runs and never in the snapshot.

    Args:
        kind: "bind" (files of the image `source_image` at `source`, or else `files`; what is
            written there is thrown away), "cache" (kept between builds under the name `source`),
            "tmpfs", "secret" (`content`, which must never touch a disk), "file" (`content`, which
            may), "ssh" (the socket at `source`, a path of this machine).
        target: Absolute path in the container.
        source: For "bind": an absolute path whose links are resolved.
        source_image: For "cache": a new cache begins with the files of this image at `base`.
        is_file: For "bind": it is a file and not a directory.
        content: For "secret" and "file": the bytes of the file.
        files: For "bind": given a name, a tar stream of the files below that name.
    """

    kind: Literal["bind", "cache", "tmpfs", "secret", "file", "ssh"]
    target: str
    source: str = ""
    source_image: str | None = None
    base: str = "/"
    is_file: bool = False
    content: bytes | None = field(default=None, repr=False)
    files: Callable[[str], Iterable[bytes]] | None = field(default=None, repr=False)
    read_only: bool = False
    size: int = 0
    mode: int | None = None
    uid: int = 0
    gid: int = 0
    sharing: Literal["shared", "private", "locked"] = "shared"


@dataclass(frozen=True)
class ContainerSpec:
    """What a working container is created with.

    Args:
        env: The whole environment of the command; nothing of the image's own Env is added.
        user: As USER writes it: "", "name", "uid", "name:group"...
        secret_env: Variables of the command beside `env`, whose values must never touch a disk.
        network: "default", "none" or "host".
        extra_hosts: Host name -> address, for the length of the step.
        ulimits: Name -> soft and hard limit, as `--ulimit` of docker build.
        shm_size: Bytes of /dev/shm; 0: the engine's default.
        has_terminal: The command is started by `WorkingContainer.open_terminal`, not by `run`.
    """

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str = ""
    working_dir: str = "/"
    network: Literal["default", "none", "host"] = "default"
    mounts: tuple[Mount, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shm_size: int = 0
    security: Literal["sandbox", "insecure"] = "sandbox"
    platform: Platform | None = None
    has_terminal: bool = False


# The command is part of the spec, because a container knows its command from the start.
Process = ContainerSpec


@dataclass(frozen=True)
class PathStat:
    """A path in a container, the last symbolic link of the path not followed."""

    type: FileType
    mode: int
    size: int = 0
    link_target: str | None = None


class FileView(Protocol):
    """Files to look at: of a container or of an image."""

    def stat(self, path: str) -> PathStat | None:
        """The entry at the absolute `path` (parents resolved inside the root), or None."""

    def read(self, path: str) -> Iterator[bytes]:
        """A tar stream of `path` (file or directory tree), entry names starting with its basename.

        Raises:
            FileNotFoundError: there is nothing at `path`.
        """


class WorkingContainer(FileView, Protocol):
    """The temporary container of one step."""

    @property
    def id(self) -> str:
        """Container ID (64 hex digits on Docker)."""

    def run(self, on_output: OnOutput, cancel: threading.Event) -> int:
        """Runs the spec's command to its end and returns its exit code.

        Output (stdout and stderr in the order of arrival, raw bytes) goes to `on_output` from the
        calling thread as it arrives. When `cancel` is set, the container is killed and
        `BuildInterruptedError` raised, within 2 s at most.
        """

    def open_terminal(self, size: TerminalSize) -> Terminal:
        """Starts the spec's command on a terminal; `diff` and `remove` wait for its end.

        Raises:
            UnsupportedByEngineError: the engine cannot be reached both ways.
            EngineError: the command cannot be started.
        """

    @property
    def warnings(self) -> Sequence[str]:
        """What the command was not given as Docker gives it, in sentences; known after `run`."""

    def write(self, tar: Iterable[bytes]) -> None:
        """Unpacks a tar stream at "/". Names are relative to "/"; owners are the entries' ids.

        A directory entry sets mode and owner also of a directory that exists already.
        """

    def diff(self) -> FilesystemDiff:
        """What changed against the image that the container was created from."""

    def commit(self, config: ImageConfig, *, layer: bool) -> Image:
        """Makes the image: parent's layers + the container's changes, with exactly `config`.

        Args:
            config: All but `diff_ids`, which the engine fills in.
            layer: True: the changes are one new layer (an empty one if nothing changed). False: the
                container's file system is the parent's; no layer is added.
        """

    def keep(self, config: ImageConfig) -> KeptFiles:
        """Lets the files outlive the container, whose command has ended; `remove` leaves them.

        They are never found as a snapshot, and `remove_leftovers` of another process takes them
        once this one is dead.

        Args:
            config: Of `KeptFiles.image`, all but `diff_ids`; the engine may add a label.
        """

    def remove(self) -> None:
        """Kills and removes the container. Idempotent; may finish in the background."""


class Engine(Protocol):
    """Runs containers and keeps images."""

    def info(self) -> EngineInfo:
        """Who this engine is. Raises `EngineNotAvailableError` when it does not answer."""

    def image(self, image_id: str) -> Image | None:
        """The image with this ID if the engine still has it."""

    def find_image(self, reference: str, platform: Platform | None = None) -> Image | None:
        """The local image with this name or ID, if it is there and of this platform."""

    def pull(
        self,
        reference: str,
        platform: Platform | None,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> Image:
        """Fetches an image from its registry.

        Raises:
            ImageNotFoundError: the registry does not have it.
            RegistryError: the registry cannot be reached or refuses.
        """

    def local_references(self) -> list[str]:
        """Names of the images on the engine, for completion."""

    def scratch(self, config: ImageConfig) -> Image:
        """An image without layers (FROM scratch)."""

    def create(self, parent: str, spec: ContainerSpec) -> AbstractContextManager[WorkingContainer]:
        """Creates a working container from the image `parent`; it is removed when the block ends.

        The image's VOLUMEs, HEALTHCHECK, ENTRYPOINT and CMD have no effect in it.
        """

    def prepare(self, parent: str, spec: ContainerSpec) -> None:
        """A hint that a RUN on `parent` like `spec` may come next, while there is time.

        `command` says with which shell, `env` is not yet known. An engine may make ready whatever
        spares the RUN time and does not change its result, or do nothing. Returns at once, never
        raises; the newest hint counts, and `close` ends what it led to.
        """

    def launch(self, image_id: str, spec: StartSpec) -> RunningContainer:
        """Starts an image with its ENTRYPOINT and CMD. The caller removes the container.

        Raises:
            EngineError: it cannot be started, for example because a port is taken.
        """

    def tag(self, image_id: str, reference: str) -> None:
        """Gives an image a name, as `docker tag`."""

    def push(self, reference: str, on_progress: OnProgress, cancel: threading.Event) -> str:
        """Sends the image of this name to its registry; returns the digest of its manifest.

        Raises:
            ImageNotFoundError: the engine has no such image.
            RegistryError: the registry does not answer, or refuses.
        """

    def save(
        self,
        names: Sequence[str],
        out: BinaryIO,
        form: ArchiveFormat,
        on_progress: OnProgress,
        cancel: threading.Event,
    ) -> None:
        """Writes images (by name or ID) as one archive.

        Raises:
            ImageNotFoundError: the engine has no image of that name.
            BuildInterruptedError: `cancel` was set; `out` holds a part of an archive.
        """

    def open_image(self, image_id: str) -> AbstractContextManager[FileView]:
        """The files of an image, and no others."""

    def remove_leftovers(self) -> list[str]:
        """Removes containers that dead dockernb processes left behind; returns their IDs."""

    def remove_caches(self) -> RemovedCaches:
        """Removes the caches of cache mounts that no command uses now, whichever process made them.

        As `docker builder prune` does with those of BuildKit: a step that names one begins it anew.
        """

    def close(self) -> None:
        """Ends connections and waits for removals that go on in the background."""
