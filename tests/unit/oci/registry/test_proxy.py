from __future__ import annotations

import threading

import pytest

from dockernb.errors import RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.manifest import Manifest
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient

from .conftest import MakeClient
from .scripted import Reply, ScriptedServer, descriptor

MANIFEST = Reply(200, Manifest(descriptor(b"")).to_bytes())
FAR = Reference.parse("registry.example/app:1")


def resolve(client: RegistryClient, image: Reference) -> None:
    client.resolve(image, Platform(), cancel=threading.Event())


def test_proxy_of_the_environment_is_used(
    elsewhere: ScriptedServer, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:secret@{elsewhere.host}")
    elsewhere.on("GET", "/v2/app/manifests/1", MANIFEST)
    resolve(make_client(insecure=frozenset({FAR.host})), FAR)
    assert elsewhere.seen[0].target == "http://registry.example/v2/app/manifests/1"


def test_loopback_needs_no_proxy(
    server: ScriptedServer, elsewhere: ScriptedServer, client: RegistryClient, image: Reference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("http_proxy", elsewhere.url)
    server.on("GET", "/v2/team/app/manifests/1", MANIFEST)
    resolve(client, image)
    assert elsewhere.seen == []


def test_proxy_that_is_not_there_is_told_without_its_password(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ScriptedServer()
    gone.close()
    monkeypatch.setenv("https_proxy", f"http://user:secret@{gone.host}")
    with pytest.raises(RegistryError) as caught:
        resolve(make_client(attempts=1), FAR)
    assert caught.value.rule == "It was tried once: the proxy does not answer."
    assert "secret" not in caught.value.format_message()
