"""Pulling from a real registry through the daemon."""

from __future__ import annotations

import base64
import json
import re
import threading
from pathlib import Path

import pytest

from dockernb.engines.base import ArchiveFormat, Image, Progress
from dockernb.engines.docker import DockerEngine
from dockernb.errors import (
    BuildInterruptedError,
    ImageNotFoundError,
    RegistryError,
    UnsupportedByEngineError,
)
from dockernb.oci.config import Platform
from tests.integration.docker.cleaning import Cleaner

pytestmark = pytest.mark.docker


def test_pull(engine: DockerEngine, registry: str, cleaner: Cleaner) -> None:
    reference = f"{registry}/busybox:latest"
    cleaner.images.append(reference)
    seen: list[Progress] = []
    image = engine.pull(reference, None, seen.append, threading.Event())
    assert image.digest is not None
    assert seen
    assert engine.find_image(reference) == image


def test_push_and_pull_with_the_readers_password(
    engine: DockerEngine,
    registry_with_password: tuple[str, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cleaner: Cleaner,
) -> None:
    """What `docker login` keeps is used, and is read anew each time."""
    host, user, password = registry_with_password
    reference = f"{host}/private/busybox:1"
    engine.tag("busybox:latest", reference)
    cleaner.images.append(reference)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    config = tmp_path / "config.json"
    seen: list[Progress] = []
    with pytest.raises(RegistryError, match=re.escape(host)):
        engine.push(reference, seen.append, threading.Event())
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    config.write_text(json.dumps({"auths": {host: {"auth": token}}}))
    digest = engine.push(reference, seen.append, threading.Event())
    assert "Pushed" in {progress.status for progress in seen}
    cleaner.client.remove_image(reference)
    config.unlink()
    with pytest.raises((RegistryError, ImageNotFoundError), match=re.escape(host)):
        engine.pull(reference, None, lambda _: None, threading.Event())
    config.write_text(json.dumps({"auths": {host: {"auth": token}}}))
    image = engine.pull(reference, None, lambda _: None, threading.Event())
    assert engine.find_image(reference) == image
    assert image.digest == digest


def test_push_and_save_errors(engine: DockerEngine, tmp_path: Path) -> None:
    def save(name: str, form: ArchiveFormat, cancel: threading.Event) -> None:
        with (tmp_path / "out.tar").open("wb") as out:
            engine.save([name], out, form, lambda _: None, cancel)

    never, cancel = threading.Event(), threading.Event()
    cancel.set()
    with pytest.raises(ImageNotFoundError, match="no/such:1"):
        engine.push("no/such:1", lambda _: None, never)
    with pytest.raises(BuildInterruptedError):
        engine.push("busybox:latest", lambda _: None, cancel)
    with pytest.raises(ImageNotFoundError, match="no/such:1"):
        save("no/such:1", "docker", never)
    with pytest.raises(UnsupportedByEngineError, match="its own form"):
        save("busybox:latest", "oci", never)
    with pytest.raises(BuildInterruptedError):
        save("busybox:latest", "docker", cancel)


def test_pull_errors(engine: DockerEngine, registry: str) -> None:
    def pull(reference: str, platform: Platform | None = None) -> Image:
        return engine.pull(reference, platform, lambda _: None, threading.Event())

    with pytest.raises(ImageNotFoundError, match="no-such"):
        pull(f"{registry}/no-such:tag")
    with pytest.raises(ImageNotFoundError, match="Not A Name"):
        pull("Not A Name")
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:9"):
        pull("127.0.0.1:9/busybox")
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(BuildInterruptedError):
        engine.pull(f"{registry}/busybox:latest", None, lambda _: None, cancel)
