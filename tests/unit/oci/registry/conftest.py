from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dockernb.oci.reference import Reference
from dockernb.oci.registry import Credential, RegistryClient, RegistrySettings

from .scripted import ScriptedServer

MakeClient = Callable[..., RegistryClient]


class GivenCredentials:
    """Credentials of a test; remembers for which hosts they were asked for."""

    def __init__(self, credential: Credential | None = None) -> None:
        self.credential = credential
        self.asked: list[str] = []

    def find(self, host: str) -> Credential | None:
        self.asked.append(host)
        return self.credential


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the person who runs the tests has set must not matter."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (
        "DOCKER_CONFIG", "DOCKERNB_INSECURE_REGISTRIES", "DOCKERNB_REGISTRY_MIRRORS",
        "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE",
        "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
        "no_proxy", "NO_PROXY",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    """Another server than the registry."""
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def cancel() -> threading.Event:
    return threading.Event()


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    clients: list[RegistryClient] = []

    def make(credential: Credential | None = None, **settings: Any) -> RegistryClient:
        quick = {"backoff": 0.0, "attempts": 3, "read_timeout": 20.0, **settings}
        client = RegistryClient(
            credentials=GivenCredentials(credential), settings=RegistrySettings(**quick)
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> RegistryClient:
    return make_client()


@pytest.fixture
def image(server: ScriptedServer) -> Reference:
    return Reference.parse(f"{server.host}/team/app:1")
