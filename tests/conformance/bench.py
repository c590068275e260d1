"""What a check works with: an engine, a base image, and short ways to make steps."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from dockernb.engines.base import ContainerSpec, Engine, Image, WorkingContainer
from dockernb.oci.config import HistoryEntry, ImageConfig
from dockernb.oci.diff import DiffEntry

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Bench:
    """An engine under test, a base image on it, and the images made, to be removed at the end.

    Args:
        named_by_config: Whether the ID of an image is the digest of its config.
    """

    engine: Engine
    base: Image
    made: list[Image] = field(default_factory=list)
    named_by_config: bool = True

    def commit(
        self, container: WorkingContainer, config: ImageConfig, *, layer: bool = True
    ) -> Image:
        image = container.commit(config, layer=layer)
        self.made.append(image)
        return image

    def step(self, parent: Image, script: str, config: ImageConfig | None = None) -> Image:
        """A RUN of `script` that must succeed, committed."""
        with self.engine.create(parent.id, shell(script)) as container:
            code, output = run(container)
            assert code == 0, output
            return self.commit(container, config or next_config(parent, script))

    def files(self, parent: Image, members: Iterable[tarfile.TarInfo | tuple[str, bytes]]) -> Image:
        """A COPY of `members`, committed."""
        with self.engine.create(parent.id, ContainerSpec()) as container:
            container.write([tar_of(members)])
            return self.commit(container, next_config(parent, "COPY"))

    def diff(self, script: str, parent: Image | None = None) -> list[DiffEntry]:
        with self.engine.create((parent or self.base).id, shell(script)) as container:
            code, output = run(container)
            assert code == 0, output
            return list(container.diff().entries)


def shell(script: str, **changes: object) -> ContainerSpec:
    spec = ContainerSpec(command=("/bin/sh", "-c", script), env={"PATH": PATH}, network="none")
    return replace(spec, **changes)  # type: ignore[arg-type]


def run(container: WorkingContainer) -> tuple[int, str]:
    output: list[bytes] = []
    code = container.run(output.append, threading.Event())
    return code, b"".join(output).decode()


def next_config(parent: Image, created_by: str, *, layer: bool = True) -> ImageConfig:
    """The parent's config with one more line of history."""
    entry = HistoryEntry("2026-01-01T00:00:00Z", created_by, empty_layer=not layer)
    return replace(parent.config, history=(*parent.config.history, entry))


def tar_of(members: Iterable[tarfile.TarInfo | tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return buffer.getvalue()


def untar(stream: Iterable[bytes]) -> dict[str, bytes | None]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            found[member.name] = file.read() if file else None
        return found
