"""Logins: what is sent to whom, and that no secret is shown."""

from __future__ import annotations

import base64
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dockernb.errors import (
    BuildInterruptedError,
    DockernbError,
    ImageNotFoundError,
    RegistryError,
)
from dockernb.oci.config import Platform
from dockernb.oci.manifest import Manifest
from dockernb.oci.reference import Reference
from dockernb.oci.registry import Credential, RegistryClient, RegistrySettings
from dockernb.oci.registry.authorization import Authorizer, Scope
from dockernb.oci.registry.credentials import DockerCredentials
from dockernb.oci.registry.transport import Transport

from .conftest import MakeClient
from .scripted import (
    Answering,
    Handler,
    Reply,
    ScriptedServer,
    Seen,
    descriptor,
    failing,
    hang,
    in_json,
)

MANIFEST = Reply(200, Manifest(descriptor(b"{}")).to_bytes())
PATH = "/v2/team/app/manifests/1"
SECRET = "correct horse battery"
BASIC = "Basic " + base64.b64encode(f"ann:{SECRET}".encode()).decode()
ANN = Credential("ann", SECRET)
TOKEN = in_json({"token": "t-1", "expires_in": 300})


def guarded(challenge: str, *good: str, answer: Answering = MANIFEST) -> Answering:
    """`answer` for who sends one of the `good` Authorization headers, a challenge for others."""

    def reply(handler: Handler) -> None:
        if handler.headers.get("Authorization") in good:
            answer(handler)
        else:
            failing(401, "UNAUTHORIZED", WWW_Authenticate=challenge)(handler)

    return reply


def bearer(server: ScriptedServer, scope: str = "repository:team/app:pull") -> str:
    return f'Bearer realm="{server.url}/token",service="registry",scope="{scope}"'


def resolve(client: RegistryClient, image: Reference) -> None:
    client.resolve(image, Platform(), cancel=threading.Event())


def query(seen: Seen) -> dict[str, list[str]]:
    return parse_qs(urlsplit(seen.target).query)


def test_token_is_fetched_anonymously(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    server.on("GET", "/token", TOKEN)
    resolve(client, image)
    [asked] = server.requests("GET", "/token")
    assert asked.headers["Authorization"] is None
    assert query(asked) == {"service": ["registry"], "scope": ["repository:team/app:pull"]}


def test_token_is_fetched_with_name_and_password(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    server.on("GET", "/token", TOKEN)
    resolve(make_client(ANN), image)
    [asked] = server.requests("GET", "/token")
    assert asked.headers["Authorization"] == BASIC
    assert SECRET not in asked.target


def test_identity_token_is_posted(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-2"))
    server.on("POST", "/token", in_json({"access_token": "t-2"}))
    resolve(make_client(Credential(identity_token=SECRET)), image)
    [asked] = server.requests("POST", "/token")
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": [SECRET],
        "client_id": ["dockernb"],
        "service": ["registry"],
        "scope": ["repository:team/app:pull"],
    }
    assert "Authorization" not in asked.headers


def test_token_is_used_again(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    server.on("GET", "/token", TOKEN)
    resolve(client, image)
    resolve(client, image)
    assert len(server.requests("GET", "/token")) == 1
    assert len(server.requests("GET", PATH)) == 3


def test_each_repository_has_its_own_token(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    other = "/v2/team/other/manifests/1"
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    scope = "repository:team/other:pull"
    server.on("GET", other, guarded(bearer(server, scope), "Bearer t-2"))
    server.on("GET", "/token", TOKEN, in_json({"token": "t-2"}))
    resolve(client, image)
    resolve(client, replace(image, repository="team/other"))
    assert [seen.headers["Authorization"] for seen in server.requests("GET", other)] == [
        None,
        "Bearer t-2",
    ]


def test_expired_token_is_not_sent(
    server: ScriptedServer, client: RegistryClient, image: Reference,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1", "Bearer t-2"))
    server.on("GET", "/token", TOKEN, in_json({"token": "t-2"}))
    resolve(client, image)
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 301)
    resolve(client, image)
    sent = [seen.headers["Authorization"] for seen in server.requests("GET", PATH)]
    assert sent == [None, "Bearer t-1", None, "Bearer t-2"]


def test_token_that_is_refused_is_fetched_anew(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-2"))
    server.on("GET", "/token", TOKEN, in_json({"token": "t-2"}))
    with pytest.raises(ImageNotFoundError):
        resolve(client, image)
    resolve(client, image)
    assert len(server.requests("GET", "/token")) == 2


def test_threads_share_one_token(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    server.on("GET", "/token", TOKEN)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: resolve(client, image), range(4)))
    assert len(server.requests("GET", "/token")) == 1


def test_basic_is_answered(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded('Basic realm="here"', BASIC))
    resolve(make_client(ANN), image)
    assert [seen.headers["Authorization"] for seen in server.seen] == [None, BASIC]


def test_client_uses_dockers_config_and_helper(
    server: ScriptedServer, image: Reference, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker-credential-mine"
    answer = json.dumps({"Username": "ann", "Secret": SECRET})
    program.write_text(f"#!/bin/sh\ntest \"$(cat)\" = {image.host} && echo '{answer}'\n")
    program.chmod(0o755)
    (tmp_path / "config.json").write_text('{"credsStore": "mine"}')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    server.on("GET", PATH, guarded("Basic realm=here", BASIC))
    client = RegistryClient()
    resolve(client, image)
    client.close()


@pytest.mark.parametrize("challenge", ['Basic realm="here"', "", "Negotiate", ","])
def test_without_an_answer_the_image_is_hidden(
    server: ScriptedServer, client: RegistryClient, image: Reference, challenge: str
) -> None:
    server.on("GET", PATH, guarded(challenge))
    with pytest.raises(ImageNotFoundError) as caught:
        resolve(client, image)
    assert f"docker login {server.host}" in str(caught.value.hint)
    assert len(server.seen) == 1


def test_bearer_is_preferred_to_basic(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    both = 'Basic realm="here", ' + bearer(server)
    server.on("GET", PATH, guarded(both, "Bearer t-1"))
    server.on("GET", "/token", TOKEN)
    resolve(make_client(ANN), image)


def test_credentials_are_not_asked_for_where_nothing_is_asked(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    server.on("GET", PATH, MANIFEST)
    client = make_client(ANN)
    resolve(client, image)
    assert client._credentials.asked == []  # type: ignore[attr-defined]
    assert server.seen[0].headers["Authorization"] is None


@pytest.mark.parametrize("status", [400, 401, 403])
def test_refused_credentials_are_told(
    server: ScriptedServer, make_client: MakeClient, image: Reference, status: int
) -> None:
    server.on("GET", PATH, guarded(bearer(server)))
    server.on("GET", "/token", failing(status, "UNAUTHORIZED"))
    with pytest.raises(RegistryError, match='refuses the credentials of "ann"') as caught:
        resolve(make_client(ANN), image)
    assert "docker login" in str(caught.value.hint)


def test_refused_stranger_is_told_that_the_image_is_hidden(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server)))
    server.on("GET", "/token", failing(403, "DENIED"))
    with pytest.raises(ImageNotFoundError):
        resolve(client, image)


def test_busy_token_server_is_asked_again(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    server.on("GET", "/token", failing(503, "", Retry_After="0"), TOKEN)
    resolve(client, image)


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example/token",
        "http://10.0.0.1/token",
        "ftp://127.0.0.1/token",
        "file:///etc/passwd",
        "https://user@127.0.0.1/token",
        "//127.0.0.1/token",
        "https://[::1/token",
        "http://127.0.0.1:99999/",
        "",
    ],
)
def test_token_server_that_is_not_safe_gets_nothing(
    server: ScriptedServer, make_client: MakeClient, image: Reference, realm: str
) -> None:
    server.on("GET", PATH, guarded(f'Bearer realm="{realm}"'))
    with pytest.raises(RegistryError, match="token server"):
        resolve(make_client(ANN), image)
    assert len(server.seen) == 1


@pytest.mark.parametrize("name", ["127.0.0.1:8888", "[::1]", "localhost", "0.0.0.0"])
def test_token_server_on_this_machine_is_for_registries_on_it(tmp_path: Path, name: str) -> None:
    settings = RegistrySettings()
    transport = Transport("registry.example", settings)
    authorizer = Authorizer(
        "registry.example",
        "https://registry.example",
        transport,
        DockerCredentials(tmp_path),
        settings,
    )
    try:
        challenge = f'Bearer realm="https://{name}/token"'
        with pytest.raises(RegistryError, match="cannot be followed"):
            authorizer.renew(challenge, Scope("a"), None, threading.Event())
    finally:
        transport.close()


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, b"no json"),
        Reply(200, b"[" * 100_000),
        in_json([]),
        in_json({}),
        in_json({"token": 5}),
        in_json({"token": "a\r\nX-Evil: 1"}),
        in_json({"token": "snowman \u2603"}),
        Reply(302, b"", {"Location": "https://elsewhere.example/"}),
        Reply(404),
    ],
)
def test_token_servers_nonsense_is_refused(
    server: ScriptedServer, client: RegistryClient, image: Reference, answer: Reply
) -> None:
    server.on("GET", PATH, guarded(bearer(server)))
    server.on("GET", "/token", answer)
    with pytest.raises(RegistryError, match="token server"):
        resolve(client, image)


@pytest.mark.parametrize("seconds", [0, -1, "soon", None, 1e400, True])
def test_odd_expiry_is_a_minute(
    server: ScriptedServer, client: RegistryClient, image: Reference, seconds: object
) -> None:
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1"))
    server.on("GET", "/token", in_json({"token": "t-1", "expires_in": seconds}))
    resolve(client, image)
    resolve(client, image)
    assert len(server.requests("GET", "/token")) == 1


@pytest.mark.timeout(15)
def test_cancel_ends_a_stalling_token_server(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    cancel = threading.Event()

    def stall(handler: Handler) -> None:
        cancel.set()
        hang(handler)

    server.on("GET", PATH, guarded(bearer(server)))
    server.on("GET", "/token", stall)
    with pytest.raises(BuildInterruptedError):
        client.resolve(image, Platform(), cancel=cancel)


@pytest.mark.timeout(15)
def test_cancel_ends_a_slow_credential_helper(server: ScriptedServer, image: Reference) -> None:
    cancel, done = threading.Event(), threading.Event()

    class Slow:
        def find(self, host: str) -> None:
            cancel.set()
            done.wait()

    server.on("GET", PATH, guarded(bearer(server)))
    client = RegistryClient(credentials=Slow())
    with pytest.raises(BuildInterruptedError):
        client.resolve(image, Platform(), cancel=cancel)
    done.set()
    client.close()


def test_netrc_is_not_read(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login ann password {SECRET.replace(' ', '')}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.on("GET", PATH, MANIFEST)
    resolve(client, image)
    assert server.seen[0].headers["Authorization"] is None


def test_no_secret_is_shown(
    server: ScriptedServer, make_client: MakeClient, image: Reference,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    server.on("GET", PATH, guarded(bearer(server), "Bearer t-1", answer=failing(400, "X")))
    server.on("GET", "/token", in_json({"token": "t-1"}))
    shown = [repr(ANN), repr(Credential(identity_token=SECRET))]
    client = make_client(ANN)
    with pytest.raises(DockernbError) as caught:
        resolve(client, image)
    shown += [caught.value.format_message(), repr(caught.value), caplog.text]
    shown += [repr(held) for held in client._origin(image)._authorizer._held.values()]
    for text in shown:
        assert SECRET not in text
        assert BASIC not in text
        assert "t-1" not in text
