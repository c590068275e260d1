from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from dockernb.errors import RegistryError
from dockernb.oci.reference import Reference
from dockernb.oci.registry import Credential, RegistryClient, RegistrySettings
from dockernb.oci.registry.address import follow_url

from .conftest import MakeClient
from .scripted import Handler, Reply, ScriptedServer, descriptor, failing, ranged

DATA = b"bytes of a layer" * 1000
BLOB = descriptor(DATA)
PATH = f"/v2/team/app/blobs/{BLOB.digest}"
BASIC = "Basic " + base64.b64encode(b"ann:pass").decode()


def to(location: str, status: int = 307) -> Reply:
    return Reply(status, b"", {"Location": location})


def fetch(client: RegistryClient, image: Reference, folder: Path) -> bytes:
    client.fetch(image, BLOB, folder / "blob", lambda _: None, threading.Event())
    return (folder / "blob").read_bytes()


def with_login(reply: Reply) -> object:
    """Asks for a login before it answers."""

    def answer(handler: Handler) -> None:
        if handler.headers.get("Authorization") != BASIC:
            failing(401, "UNAUTHORIZED", WWW_Authenticate="Basic realm=x")(handler)
        else:
            reply(handler)

    return answer


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_other_server_gets_no_credentials(
    server: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, image: Reference,
    tmp_path: Path, status: int,
) -> None:  # fmt: skip
    server.on("GET", PATH, with_login(to(elsewhere.url + "/cdn?signature=abc", status)))
    elsewhere.on("GET", "/cdn", Reply(200, DATA))
    assert fetch(make_client(Credential("ann", "pass")), image, tmp_path) == DATA
    assert server.seen[-1].headers["Authorization"] == BASIC
    [asked] = elsewhere.seen
    assert "Authorization" not in asked.headers
    assert asked.target == "/cdn?signature=abc"


def test_way_back_gets_no_credentials(
    server: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, image: Reference,
    tmp_path: Path,
) -> None:  # fmt: skip
    server.on("GET", PATH, with_login(to(elsewhere.url + "/cdn")))
    elsewhere.on("GET", "/cdn", to(server.url + "/back"))
    server.on("GET", "/back", Reply(200, DATA))
    assert fetch(make_client(Credential("ann", "pass")), image, tmp_path) == DATA
    assert "Authorization" not in server.requests("GET", "/back")[0].headers


def test_other_servers_401_is_not_answered(
    server: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, image: Reference,
    tmp_path: Path,
) -> None:  # fmt: skip
    server.on("GET", PATH, to(elsewhere.url + "/cdn"))
    elsewhere.on("GET", "/cdn", failing(401, "", WWW_Authenticate="Basic realm=x"))
    with pytest.raises(Exception, match="has no image"):
        fetch(make_client(Credential("ann", "pass")), image, tmp_path)
    assert len(elsewhere.seen) == 1


def test_same_server_gets_the_credentials_again(
    server: ScriptedServer, make_client: MakeClient, image: Reference, tmp_path: Path
) -> None:
    server.on("GET", PATH, with_login(to("/storage/blob")))
    server.on("GET", "/storage/blob", with_login(Reply(200, DATA)))
    assert fetch(make_client(Credential("ann", "pass")), image, tmp_path) == DATA


def test_range_goes_along(
    server: ScriptedServer, elsewhere: ScriptedServer, client: RegistryClient, image: Reference,
    tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "blob.part").write_bytes(DATA[:100])
    server.on("GET", PATH, to(elsewhere.url + "/cdn"))
    elsewhere.on("GET", "/cdn", ranged(DATA))
    assert fetch(client, image, tmp_path) == DATA
    assert elsewhere.seen[0].headers["Range"] == "bytes=100-"


def test_redirects_end(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path
) -> None:
    server.on("GET", PATH, to(PATH))
    with pytest.raises(RegistryError, match="more than 5 times"):
        fetch(client, image, tmp_path)
    assert len(server.seen) == 6


def test_redirect_without_a_target_is_refused(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path
) -> None:
    server.on("GET", PATH, Reply(307))
    with pytest.raises(RegistryError, match="refused to pull"):
        fetch(client, image, tmp_path)


HTTPS, LOOPBACK = "https://registry.example/v2/x", "http://127.0.0.1:5000/v2/x"
SETTINGS = RegistrySettings(insecure=frozenset({"cdn.example:8080", "plain.example"}))


@pytest.mark.parametrize(
    ("current", "location", "url"),
    [
        (HTTPS, "/other", "https://registry.example/other"),
        (HTTPS, "https://cdn.example/a?b=c", "https://cdn.example/a?b=c"),
        (HTTPS, "//cdn.example/a", "https://cdn.example/a"),
        (LOOPBACK, "http://localhost:1/a", "http://localhost:1/a"),
        (LOOPBACK, "http://[::1]:1/a", "http://[::1]:1/a"),
        (LOOPBACK, "https://cdn.example/a", "https://cdn.example/a"),
        (LOOPBACK, "http://cdn.example:8080/a", "http://cdn.example:8080/a"),
        ("http://plain.example/", "http://plain.example:81/a", "http://plain.example:81/a"),
        ("https://localhost:5000/", "http://localhost:9000/", "http://localhost:9000/"),
    ],
)
def test_redirect_that_is_safe_is_followed(current: str, location: str, url: str) -> None:
    assert follow_url(current, location, SETTINGS) == url


@pytest.mark.parametrize(
    ("current", "location"),
    [
        (HTTPS, "http://registry.example/v2/x"),
        (HTTPS, "http://cdn.example:8080/a"),
        (HTTPS, "http://127.0.0.1/a"),
        (LOOPBACK, "http://cdn.example/a"),
        (LOOPBACK, "http://10.0.0.1/a"),
        (LOOPBACK, "http://2130706433/a"),
        (HTTPS, "https://127.0.0.1:8443/a"),
        (HTTPS, "https://127.1.2.3/a"),
        (HTTPS, "https://0.0.0.0/a"),
        (HTTPS, "https://[::1]/a"),
        (HTTPS, "https://[::ffff:127.0.0.1]/a"),
        (HTTPS, "https://LOCALHOST./a"),
        (HTTPS, "https://jupyter.localhost/a"),
        (HTTPS, "file:///etc/passwd"),
        (HTTPS, "ftp://cdn.example/"),
        (HTTPS, "javascript:alert(1)"),
        (HTTPS, "https://user:pass@cdn.example/"),
        (HTTPS, "https://[::1"),
        (HTTPS, "https://cdn.example:99999/"),
        (HTTPS, "https://cdn.example:port/"),
    ],
)
def test_redirect_that_is_not_safe_is_refused(current: str, location: str) -> None:
    with pytest.raises(RegistryError, match="cannot be followed") as caught:
        follow_url(current, location, SETTINGS)
    assert "pass@" not in caught.value.format_message()
