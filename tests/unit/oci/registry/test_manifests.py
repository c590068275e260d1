from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest

from dockernb.errors import DigestMismatchError, ImageNotFoundError, OciError, RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Index,
    Manifest,
)
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient, ResolvedImage

from .scripted import Reply, ScriptedServer, descriptor, failing

LINUX = Platform("linux", "amd64")
MANIFESTS = "/v2/team/app/manifests/"


def manifest(layer: bytes = b"layer", media_type: str = OCI_MANIFEST) -> Manifest:
    return Manifest(descriptor(b"{}", OCI_CONFIG), (descriptor(layer, OCI_LAYER_GZIP),), media_type)


def reply(data: bytes, media_type: str = OCI_MANIFEST) -> Reply:
    return Reply(200, data, {"Content-Type": media_type})


def offer(server: ScriptedServer, *platforms: Platform | None, kind: str = OCI_INDEX) -> Index:
    """An index under the tag 1, with a manifest of its own for each platform."""
    entries = []
    for platform in platforms:
        data = manifest(str(platform).encode()).to_bytes()
        entries.append(descriptor(data, OCI_MANIFEST, platform=platform))
        server.on("GET", MANIFESTS + entries[-1].digest, reply(data))
    index = Index(tuple(entries), kind)
    server.on("GET", MANIFESTS + "1", reply(index.to_bytes(), kind))
    return index


class Resolve:
    def __init__(self, client: RegistryClient, image: Reference) -> None:
        self.client, self.image = client, image

    def __call__(self, platform: Platform = LINUX, digest: str | None = None) -> ResolvedImage:
        reference = replace(self.image, digest=digest)
        return self.client.resolve(reference, platform, cancel=threading.Event())


@pytest.fixture
def resolve(client: RegistryClient, image: Reference) -> Resolve:
    return Resolve(client, image)


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_manifest_by_tag_has_the_digest_of_its_bytes(
    server: ScriptedServer, resolve: Resolve, media_type: str
) -> None:
    data = manifest(media_type=media_type).to_bytes()
    server.on("GET", MANIFESTS + "1", reply(data, media_type))
    found = resolve()
    assert found.digest == sha256_digest(data)
    assert found.data == data
    assert found.media_type == media_type
    assert found.manifest == manifest(media_type=media_type)
    assert found.index_digest is None


def test_media_type_may_stand_in_the_header_only(server: ScriptedServer, resolve: Resolve) -> None:
    document = json.loads(manifest().to_bytes())
    del document["mediaType"]
    kind = DOCKER_MANIFEST + "; charset=utf-8"
    server.on("GET", MANIFESTS + "1", reply(json.dumps(document).encode(), kind))
    assert resolve().media_type == DOCKER_MANIFEST


def test_all_kinds_of_manifests_are_accepted(server: ScriptedServer, resolve: Resolve) -> None:
    server.on("GET", MANIFESTS + "1", reply(manifest().to_bytes()))
    resolve()
    accepted = server.seen[0].headers["Accept"].split(", ")
    assert {OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX} <= set(accepted)


def test_digest_decides_over_the_tag(server: ScriptedServer, resolve: Resolve) -> None:
    data = manifest().to_bytes()
    server.on("GET", MANIFESTS + sha256_digest(data), reply(data))
    assert resolve(digest=sha256_digest(data)).data == data


def test_other_manifest_than_the_digest_promises_is_refused(
    server: ScriptedServer, resolve: Resolve
) -> None:
    wanted = sha256_digest(b"wanted")
    data = manifest().to_bytes()
    server.on("GET", MANIFESTS + wanted, reply(data))
    with pytest.raises(DigestMismatchError) as caught:
        resolve(digest=wanted)
    assert caught.value.rule == f"expected {wanted}, got {sha256_digest(data)}"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("windows/amd64", "windows/amd64"),
    ],
)
@pytest.mark.parametrize("kind", [OCI_INDEX, DOCKER_INDEX])
def test_index_is_chosen_from_by_platform(
    server: ScriptedServer, resolve: Resolve, wanted: str, found: str, kind: str
) -> None:
    names = ["linux/arm/v6", "windows/amd64", "linux/arm/v7", "linux/amd64", "linux/arm64/v8"]
    index = offer(server, *(Platform(*name.split("/")) for name in names), kind=kind)
    resolved = resolve(Platform(*wanted.split("/")))
    assert resolved.digest == index.manifests[names.index(found)].digest
    assert resolved.index_digest == sha256_digest(index.to_bytes())


def test_missing_platform_lists_those_that_exist(server: ScriptedServer, resolve: Resolve) -> None:
    unknown = Platform("unknown", "unknown")
    offer(server, LINUX, unknown, Platform("linux", "arm64", "v8"), unknown)
    with pytest.raises(ImageNotFoundError, match="for linux/s390x") as caught:
        resolve(Platform("linux", "s390x"))
    assert caught.value.rule == "It exists for linux/amd64, linux/arm64/v8."


def test_platforms_of_a_stranger_are_shown_without_control_characters(
    server: ScriptedServer, resolve: Resolve
) -> None:
    offer(server, *(Platform("li\x1b[2Jnux\n", f"a{n}") for n in range(50)))
    with pytest.raises(ImageNotFoundError) as caught:
        resolve()
    assert "\x1b" not in str(caught.value.rule)
    assert "and 30 more" in str(caught.value.rule)


def test_attestations_are_no_images(server: ScriptedServer, resolve: Resolve) -> None:
    data = manifest().to_bytes()
    note = {"vnd.docker.reference.type": "attestation-manifest"}
    entry = descriptor(data, OCI_MANIFEST, platform=LINUX, annotations=note)
    server.on("GET", MANIFESTS + "1", reply(Index((entry,)).to_bytes(), OCI_INDEX))
    with pytest.raises(ImageNotFoundError) as caught:
        resolve()
    assert caught.value.rule == "Its index names no image at all."


def test_only_image_of_an_index_need_not_say_its_platform(
    server: ScriptedServer, resolve: Resolve
) -> None:
    index = offer(server, None, Platform("unknown", "unknown"))
    assert resolve().digest == index.manifests[0].digest


def test_index_in_an_index_is_refused(server: ScriptedServer, resolve: Resolve) -> None:
    inner = Index().to_bytes()
    entry = descriptor(inner, OCI_INDEX, platform=LINUX)
    server.on("GET", MANIFESTS + "1", reply(Index((entry,)).to_bytes(), OCI_INDEX))
    server.on("GET", MANIFESTS + entry.digest, reply(inner, OCI_INDEX))
    with pytest.raises(OciError, match="another index"):
        resolve()


def test_huge_manifest_is_refused(server: ScriptedServer, resolve: Resolve) -> None:
    server.on("GET", MANIFESTS + "1", reply(b" " * (4 * 1024 * 1024 + 1)))
    with pytest.raises(OciError, match="too large"):
        resolve()


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"[" * 100_000, b'{"schemaVersion": 1}'])
def test_what_is_no_manifest_is_refused(
    server: ScriptedServer, resolve: Resolve, data: bytes
) -> None:
    server.on("GET", MANIFESTS + "1", reply(data, "text/html"))
    with pytest.raises(OciError):
        resolve()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "MANIFEST_UNKNOWN"),
        (404, "NAME_UNKNOWN"),
        (404, ""),
        (400, "NAME_INVALID"),
        (400, "MANIFEST_UNKNOWN"),
        (401, "UNAUTHORIZED"),
        (403, "DENIED"),
    ],
)
def test_missing_or_hidden_image_is_not_found(
    server: ScriptedServer, resolve: Resolve, status: int, code: str
) -> None:
    server.on("GET", MANIFESTS + "1", failing(status, code))
    with pytest.raises(
        ImageNotFoundError, match=f'registry "{server.host}" has no image'
    ) as caught:
        resolve()
    assert f'"{server.host}/team/app:1"' in caught.value.message
    assert f"docker login {server.host}" in str(caught.value.hint)
    assert len(server.seen) == 1


def test_other_refusal_is_told_in_the_registrys_words(
    server: ScriptedServer, resolve: Resolve
) -> None:
    server.on("GET", MANIFESTS + "1", failing(400, "UNSUPPORTED"))
    with pytest.raises(RegistryError) as caught:
        resolve()
    assert caught.value.rule == "It says: UNSUPPORTED: in other words"


def test_words_of_a_stranger_decide_nothing(server: ScriptedServer, resolve: Resolve) -> None:
    words = json.dumps({"errors": [{"code": 7, "message": "denied \x1b[31m" + "!" * 9000}]})
    server.on("GET", MANIFESTS + "1", Reply(400, words.encode()))
    with pytest.raises(RegistryError) as caught:
        resolve()
    assert "\x1b" not in str(caught.value.rule)
    assert len(str(caught.value.rule)) < 400
