"""The registry client against the registry that the distribution project makes."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from dockernb.errors import ImageNotFoundError, RegistryError
from dockernb.oci.config import ImageConfig, Platform
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import (
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
)
from dockernb.oci.reference import Reference
from dockernb.oci.registry import Credential, RegistryClient, RegistrySettings

AMD64, ARM64 = Platform(), Platform("linux", "arm64", "v8")
LAYER = gzip.compress(os.urandom(3_000_000))
CONFIG = ImageConfig().to_bytes()
MANIFEST = Manifest(
    Descriptor(OCI_CONFIG, sha256_digest(CONFIG), len(CONFIG)),
    (Descriptor(OCI_LAYER_GZIP, sha256_digest(LAYER), len(LAYER)),),
)


@dataclass(frozen=True)
class Given:
    credential: Credential | None = None

    def find(self, host: str) -> Credential | None:
        return self.credential


@pytest.fixture
def cancel() -> threading.Event:
    return threading.Event()


@pytest.fixture
def client() -> Iterator[RegistryClient]:
    client = RegistryClient(credentials=Given(), settings=RegistrySettings())
    yield client
    client.close()


@pytest.fixture
def new_image(registry: str) -> Reference:
    return Reference.parse(f"{registry}/client-test/{uuid4().hex}:1")


def push(client: RegistryClient, image: Reference, cancel: threading.Event) -> list[int]:
    """Pushes the image; returns what was said of its layer's progress."""
    progress: list[int] = []
    client.push_blob(image, CONFIG, MANIFEST.config, lambda _: None, cancel)
    client.push_blob(image, LAYER, MANIFEST.layers[0], progress.append, cancel)
    data = MANIFEST.to_bytes()
    assert client.push_manifest(image, data, OCI_MANIFEST, cancel=cancel) == sha256_digest(data)
    return progress


def pull(client: RegistryClient, image: Reference, folder: Path, cancel: threading.Event) -> None:
    """Pulls the image, and compares it with what was pushed."""
    found = client.resolve(image, AMD64, cancel=cancel)
    assert found.manifest == MANIFEST
    assert client.read(image, found.manifest.config, cancel=cancel) == CONFIG
    target = folder / "layer"
    client.fetch(image, found.manifest.layers[0], target, lambda _: None, cancel)
    assert target.read_bytes() == LAYER


def test_pushed_image_can_be_pulled(
    client: RegistryClient, new_image: Reference, tmp_path: Path, cancel: threading.Event
) -> None:
    assert push(client, new_image, cancel)[-1] == len(LAYER)
    assert client.has_blob(new_image, MANIFEST.layers[0], cancel=cancel)
    pull(client, new_image, tmp_path, cancel)
    by_digest = replace(new_image, tag=None, digest=sha256_digest(MANIFEST.to_bytes()))
    pull(client, by_digest, tmp_path, cancel)


def test_second_push_sends_nothing(
    client: RegistryClient, new_image: Reference, cancel: threading.Event
) -> None:
    push(client, new_image, cancel)
    assert push(client, new_image, cancel) == [len(LAYER)]


def test_broken_pull_goes_on(
    client: RegistryClient, new_image: Reference, tmp_path: Path, cancel: threading.Event
) -> None:
    push(client, new_image, cancel)
    (tmp_path / "layer.part").write_bytes(LAYER[:2_000_000])
    progress: list[int] = []
    layer = MANIFEST.layers[0]
    client.fetch(new_image, layer, tmp_path / "layer", progress.append, cancel)
    assert progress[0] == 2_000_000
    assert min(progress) == 2_000_000
    assert (tmp_path / "layer").read_bytes() == LAYER


def test_index_is_pushed_and_chosen_from(
    client: RegistryClient, new_image: Reference, cancel: threading.Event
) -> None:
    push(client, new_image, cancel)
    data = MANIFEST.to_bytes()
    entry = Descriptor(OCI_MANIFEST, sha256_digest(data), len(data), ARM64)
    index = Index((entry,)).to_bytes()
    image = replace(new_image, tag="all")
    client.push_manifest(image, index, OCI_INDEX, cancel=cancel)
    found = client.resolve(image, Platform("linux", "arm64"), cancel=cancel)
    assert found.digest == entry.digest
    assert found.index_digest == sha256_digest(index)
    with pytest.raises(ImageNotFoundError) as caught:
        client.resolve(image, AMD64, cancel=cancel)
    assert caught.value.rule == "It exists for linux/arm64/v8."


def test_image_that_docker_pushed_can_be_pulled(
    client: RegistryClient, registry: str, tmp_path: Path, cancel: threading.Event
) -> None:
    image = Reference.parse(f"{registry}/busybox")
    found = client.resolve(image, AMD64, cancel=cancel)
    config = json.loads(client.read(image, found.manifest.config, cancel=cancel))
    assert len(config["rootfs"]["diff_ids"]) == len(found.manifest.layers)
    for number, layer in enumerate(found.manifest.layers):
        target = tmp_path / str(number)
        client.fetch(image, layer, target, lambda _: None, cancel)
        assert sha256_digest(gzip.decompress(target.read_bytes())) in config["rootfs"]["diff_ids"]


@pytest.mark.parametrize("name", ["busybox:no-such-tag", "no/such/image"])
def test_missing_image_is_not_found(
    client: RegistryClient, registry: str, cancel: threading.Event, name: str
) -> None:
    with pytest.raises(ImageNotFoundError, match=name):
        client.resolve(Reference.parse(f"{registry}/{name}"), AMD64, cancel=cancel)


def test_wrong_digest_is_refused_by_the_registry(
    client: RegistryClient, new_image: Reference, cancel: threading.Event
) -> None:
    wrong = Descriptor("", sha256_digest(b"other"), 5)
    with pytest.raises(RegistryError) as caught:
        client.push_blob(new_image, b"bytes", wrong, lambda _: None, cancel)
    assert "DIGEST_INVALID" in str(caught.value.rule)


def test_login_opens_a_registry_with_a_password(
    registry_with_password: tuple[str, str, str], tmp_path: Path, cancel: threading.Event
) -> None:
    host, user, password = registry_with_password
    image = Reference.parse(f"{host}/team/app:1")
    attempts = [None, Credential(user, "wrong")]
    for credential in attempts:
        stranger = RegistryClient(credentials=Given(credential), settings=RegistrySettings())
        with pytest.raises(ImageNotFoundError) as caught:
            stranger.resolve(image, AMD64, cancel=cancel)
        assert f"docker login {host}" in str(caught.value.hint)
        with pytest.raises(RegistryError, match="does not let us push"):
            push(stranger, image, cancel)
        stranger.close()
    client = RegistryClient(
        credentials=Given(Credential(user, password)), settings=RegistrySettings()
    )
    push(client, image, cancel)
    pull(client, image, tmp_path, cancel)
    client.close()
