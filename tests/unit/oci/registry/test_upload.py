from __future__ import annotations

import base64
import os
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dockernb.errors import BuildInterruptedError, OciError, RegistryError
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import OCI_MANIFEST, Manifest
from dockernb.oci.reference import Reference
from dockernb.oci.registry import Credential, RegistryClient

from .conftest import MakeClient
from .scripted import Handler, Reply, ScriptedServer, descriptor, failing, in_json

DATA = os.urandom(600_000)
BLOB = descriptor(DATA)
HEAD = f"/v2/team/app/blobs/{BLOB.digest}"
POST = "/v2/team/app/blobs/uploads/"
BASIC = "Basic " + base64.b64encode(b"ann:pass").decode()


def accepting(location: str) -> Reply:
    return Reply(202, b"", {"Location": location})


def push(
    client: RegistryClient, image: Reference, source: Path | bytes = DATA, blob=BLOB
) -> list[int]:
    progress: list[int] = []
    client.push_blob(image, source, blob, progress.append, threading.Event())
    return progress


@pytest.mark.parametrize("as_file", [True, False])
def test_blob_is_sent_in_one_put(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path, as_file: bool
) -> None:
    (tmp_path / "blob").write_bytes(DATA)
    server.on("POST", POST, accepting("/upload/1?state=x"))
    server.on("PUT", "/upload/1", Reply(201))
    progress = push(client, image, tmp_path / "blob" if as_file else DATA)
    [put] = server.requests("PUT", "/upload/1")
    assert put.body == DATA
    assert put.headers["Content-Length"] == str(len(DATA))
    assert put.target == f"/upload/1?state=x&digest={BLOB.digest.replace(':', '%3A')}"
    assert progress[-1] == len(DATA)


def test_empty_blob_is_sent(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    server.on("POST", POST, accepting("/upload/1"))
    server.on("PUT", "/upload/1", Reply(201))
    push(client, image, tmp_path / "empty", descriptor(b""))
    assert server.requests("PUT", "/upload/1")[0].headers["Content-Length"] == "0"


@pytest.mark.parametrize(
    "there", [Reply(200), Reply(307, b"", {"Location": "https://cdn.example/signed-for-get"})]
)
def test_blob_that_is_there_is_not_sent(
    server: ScriptedServer, client: RegistryClient, image: Reference, there: Reply
) -> None:
    server.on("HEAD", HEAD, there)
    assert client.has_blob(image, BLOB, cancel=threading.Event())
    assert push(client, image) == [len(DATA)]
    assert {seen.method for seen in server.seen} == {"HEAD"}


def test_missing_blob_is_missing(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    assert not client.has_blob(image, BLOB, cancel=threading.Event())


def test_upload_that_breaks_is_started_again(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("POST", POST, accepting("/upload/1"), accepting("/upload/2"))
    server.on("PUT", "/upload/1", failing(503, ""))
    server.on("PUT", "/upload/2", Reply(201))
    push(client, image)
    assert server.requests("PUT", "/upload/2")[0].body == DATA


def test_upload_to_another_server_carries_no_credentials(
    server: ScriptedServer, elsewhere: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    def post(handler: Handler) -> None:
        if handler.headers.get("Authorization") == BASIC:
            accepting(elsewhere.url + "/upload")(handler)
        else:
            failing(401, "", WWW_Authenticate="Basic realm=x")(handler)

    server.on("POST", POST, post)
    elsewhere.on("PUT", "/upload", Reply(201))
    push(make_client(Credential("ann", "pass")), image)
    assert "Authorization" not in elsewhere.seen[0].headers


def test_push_asks_for_a_token_that_may_push(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    def guarded(reply: Reply, token: str, scope: str):
        realm = f'Bearer realm="{server.url}/token",scope="{scope}"'

        def answer(handler: Handler) -> None:
            good = handler.headers.get("Authorization") == f"Bearer {token}"
            (reply if good else failing(401, "", WWW_Authenticate=realm))(handler)

        return answer

    pull, pull_push = "repository:team/app:pull", "repository:team/app:pull,push"
    server.on("HEAD", HEAD, guarded(Reply(404), "one", pull))
    server.on("POST", POST, guarded(accepting("/upload/1"), "two", pull_push))
    server.on("PUT", "/upload/1", guarded(Reply(201), "two", pull_push))
    server.on("GET", "/token", in_json({"token": "one"}), in_json({"token": "two"}))
    push(make_client(Credential("ann", "pass")), image)
    assert len(server.requests("GET", "/token")) == 2


def test_blob_is_taken_over_from_another_repository(
    server: ScriptedServer, make_client: MakeClient, image: Reference
) -> None:
    """With a token that may read there, whatever the registry asks for by itself."""

    def guarded(handler: Handler) -> None:
        realm = f'Bearer realm="{server.url}/token"'
        good = handler.headers.get("Authorization") == "Bearer both"
        (Reply(201) if good else failing(401, "", WWW_Authenticate=realm))(handler)

    server.on("POST", POST, guarded)
    server.on("GET", "/token", in_json({"token": "both"}))
    client = make_client(Credential("ann", "pass"))
    assert client.mount_blob(image, BLOB, "team/base", cancel=threading.Event())
    query = parse_qs(urlsplit(server.requests("POST", POST)[-1].target).query)
    assert query == {"mount": [BLOB.digest], "from": ["team/base"]}
    [asked] = server.requests("GET", "/token")
    scope = "repository:team/app:pull,push repository:team/base:pull"
    assert parse_qs(urlsplit(asked.target).query)["scope"] == [scope]


@pytest.mark.parametrize(
    "answer",
    [
        accepting("/upload/1"),
        failing(401, "DENIED"),
        failing(404, "BLOB_UNKNOWN"),
        failing(503, ""),
    ],
    ids=["an upload", "denied", "unknown", "busy"],
)
def test_blob_that_is_not_taken_over_is_to_be_sent(
    server: ScriptedServer, client: RegistryClient, image: Reference, answer: Reply
) -> None:
    server.on("POST", POST, answer)
    assert not client.mount_blob(image, BLOB, "team/base", cancel=threading.Event())


@pytest.mark.parametrize("status", [401, 403])
def test_push_that_is_denied_names_docker_login(
    server: ScriptedServer, client: RegistryClient, image: Reference, status: int
) -> None:
    server.on("POST", POST, failing(status, "DENIED"))
    with pytest.raises(RegistryError, match="does not let us push") as caught:
        push(client, image)
    assert f"docker login {server.host}" in str(caught.value.hint)


def test_refused_digest_is_told(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("POST", POST, accepting("/upload/1"))
    server.on("PUT", "/upload/1", failing(400, "DIGEST_INVALID"))
    with pytest.raises(RegistryError) as caught:
        push(client, image)
    assert "DIGEST_INVALID" in str(caught.value.rule)
    assert len(server.requests("PUT", "/upload/1")) == 1


@pytest.mark.parametrize(
    "answer", [Reply(202), accepting("ftp://x/"), accepting("http://10.0.0.1/")]
)
def test_upload_that_leads_nowhere_is_refused(
    server: ScriptedServer, client: RegistryClient, image: Reference, answer: Reply
) -> None:
    server.on("POST", POST, answer)
    with pytest.raises(RegistryError):
        push(client, image)


def test_source_of_another_size_is_not_sent(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    with pytest.raises(OciError, match="cannot be pushed"):
        push(client, image, DATA[:-1])
    assert server.seen == []


@pytest.mark.timeout(15)
def test_cancel_ends_an_upload_that_stalls(
    server: ScriptedServer, client: RegistryClient, image: Reference, tmp_path: Path
) -> None:
    """The server takes the first bytes of a large file and then no more."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    blob = descriptor(b"")
    blob = type(blob)(blob.media_type, blob.digest, 64 << 20)
    cancel = threading.Event()

    server.on("POST", POST, accepting("/upload/1"))
    server.stalling_bodies.add("/upload/1")
    progress: list[int] = []

    def on_bytes(count: int) -> None:
        progress.append(count)
        cancel.set()

    with pytest.raises(BuildInterruptedError):
        client.push_blob(image, large, blob, on_bytes, cancel)
    assert 0 < progress[-1] < 64 << 20


@pytest.mark.parametrize("tag", ["1", None])
def test_manifest_is_sent_under_its_tag_or_digest(
    server: ScriptedServer, client: RegistryClient, image: Reference, tag: str | None
) -> None:
    data = Manifest(BLOB).to_bytes()
    digest = sha256_digest(data)
    path = f"/v2/team/app/manifests/{tag or digest}"
    server.on("PUT", path, failing(500, ""), Reply(201))
    reference = Reference(image.host, image.repository, tag, None if tag else digest)
    cancel = threading.Event()
    assert client.push_manifest(reference, data, OCI_MANIFEST, cancel=cancel) == digest
    put = server.requests("PUT", path)[-1]
    assert put.body == data
    assert put.headers["Content-Type"] == OCI_MANIFEST


def test_manifest_that_is_refused_is_told(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("PUT", "/v2/team/app/manifests/1", failing(400, "MANIFEST_INVALID"))
    with pytest.raises(RegistryError, match="refused to push") as caught:
        client.push_manifest(image, b"{}", OCI_MANIFEST, cancel=threading.Event())
    assert "MANIFEST_INVALID" in str(caught.value.rule)
