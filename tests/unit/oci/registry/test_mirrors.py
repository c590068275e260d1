from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dockernb.errors import RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.manifest import Manifest
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient, client

from .conftest import MakeClient
from .scripted import Reply, ScriptedServer, descriptor, failing, hang

DATA = b"layer"
BLOB = descriptor(DATA)
MANIFEST = Manifest(BLOB)
HUB = Reference.parse("busybox")
MANIFESTS, BLOBS = (
    "/v2/library/busybox/manifests/latest",
    "/v2/library/busybox/blobs/" + BLOB.digest,
)


@pytest.fixture
def hub(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """The server that stands for Docker Hub."""
    monkeypatch.setattr(client, "registry_url", lambda *_: server.url)
    server.on("GET", MANIFESTS, Reply(200, MANIFEST.to_bytes()))
    server.on("GET", BLOBS, Reply(200, DATA))
    return server


def resolve(client: RegistryClient) -> Manifest:
    return client.resolve(HUB, Platform(), cancel=threading.Event()).manifest


def test_mirror_is_asked_instead_of_docker_hub(
    hub: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, tmp_path: Path
) -> None:
    elsewhere.on("GET", MANIFESTS, Reply(200, MANIFEST.to_bytes()))
    elsewhere.on("GET", BLOBS, Reply(200, DATA))
    client = make_client(mirrors=(elsewhere.url,))
    assert resolve(client) == MANIFEST
    client.fetch(HUB, BLOB, tmp_path / "blob", lambda _: None, threading.Event())
    assert hub.seen == []


@pytest.mark.parametrize(
    "answer",
    [failing(404, "NAME_UNKNOWN"), failing(503, ""), failing(401, ""), hang, Reply(200, b"junk")],
)
def test_docker_hub_is_asked_when_a_mirror_fails(
    hub: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, answer: Reply
) -> None:
    elsewhere.on("GET", MANIFESTS, answer)
    assert resolve(make_client(mirrors=(elsewhere.url,), read_timeout=0.5)) == MANIFEST
    assert len(elsewhere.seen) == 1
    assert len(hub.seen) == 1


@pytest.mark.parametrize(("answer", "asked"), [(hang, 1), (failing(404, "NAME_UNKNOWN"), 2)])
def test_a_mirror_that_stalls_is_not_asked_again_by_the_same_pull(
    hub: ScriptedServer,
    elsewhere: ScriptedServer,
    make_client: MakeClient,
    answer: Reply,
    asked: int,
    tmp_path: Path,
) -> None:
    elsewhere.on("GET", MANIFESTS, answer)
    elsewhere.on("GET", BLOBS, Reply(200, DATA))
    client = make_client(mirrors=(elsewhere.url,), read_timeout=0.5)
    assert resolve(client) == MANIFEST
    client.fetch(HUB, BLOB, tmp_path / "blob", lambda _: None, threading.Event())
    assert len(elsewhere.seen) == asked


def test_wrong_blob_of_a_mirror_is_fetched_from_docker_hub(
    hub: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, tmp_path: Path
) -> None:
    elsewhere.on("GET", BLOBS, Reply(200, b"wrong"))
    client = make_client(mirrors=(elsewhere.url,))
    client.fetch(HUB, BLOB, tmp_path / "blob", lambda _: None, threading.Event())
    assert (tmp_path / "blob").read_bytes() == DATA


def test_mirrors_are_named_when_docker_hub_fails_too(
    server: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(client, "registry_url", lambda *_: server.url)
    server.on("GET", MANIFESTS, failing(503, ""))
    elsewhere.on("GET", MANIFESTS, failing(503, ""))
    with pytest.raises(RegistryError) as caught:
        resolve(make_client(mirrors=(elsewhere.url,)))
    assert elsewhere.host in str(caught.value.rule)
    assert "3 times" in str(caught.value.rule)


def test_other_registries_have_no_mirror(
    server: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", "/v2/team/app/manifests/1", Reply(200, MANIFEST.to_bytes()))
    make_client(mirrors=(elsewhere.url,)).resolve(image, Platform(), cancel=threading.Event())
    assert elsewhere.seen == []
