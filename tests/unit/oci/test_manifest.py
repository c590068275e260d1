from __future__ import annotations

import json
from typing import Any

import pytest

from dockernb.errors import OciError
from dockernb.oci.config import Platform
from dockernb.oci.manifest import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_LAYER_GZIP,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
    Descriptor,
    Index,
    Manifest,
    is_digest,
    parse_document,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
CONFIG = {"mediaType": OCI_CONFIG, "digest": DIGEST, "size": 2}
LAYER = {"mediaType": OCI_LAYER_GZIP, "digest": DIGEST, "size": 9}


def document(**fields: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, **fields}).encode()


@pytest.mark.parametrize(
    "content",
    [
        Manifest(Descriptor(OCI_CONFIG, DIGEST, 2)),
        Manifest(
            Descriptor(OCI_CONFIG, DIGEST, 2),
            (Descriptor(OCI_LAYER_GZIP, DIGEST, 0, annotations={"a": "b"}),) * 2,
        ),
        Manifest(
            Descriptor(DOCKER_CONFIG, DIGEST, 2),
            (Descriptor(DOCKER_LAYER_GZIP, DIGEST, 5),),
            DOCKER_MANIFEST,
        ),
        Index(),
        Index(
            (
                Descriptor(OCI_MANIFEST, DIGEST, 5, Platform("linux", "arm", "v7")),
                Descriptor(OCI_MANIFEST, DIGEST, 5),
            )
        ),
        Index((Descriptor(DOCKER_MANIFEST, DIGEST, 5, Platform()),), DOCKER_INDEX),
    ],
)
def test_document_survives_a_round_trip(content: Manifest | Index) -> None:
    assert parse_document(content.to_bytes()) == content
    assert hash(content) == hash(parse_document(content.to_bytes()))


@pytest.mark.parametrize(
    ("data", "said", "kind"),
    [
        (document(config=CONFIG), "", OCI_MANIFEST),
        (document(config=CONFIG), DOCKER_MANIFEST, DOCKER_MANIFEST),
        (document(config=CONFIG, mediaType=OCI_MANIFEST), "text/plain", OCI_MANIFEST),
        (document(manifests=[]), "", OCI_INDEX),
        (document(manifests=[]), DOCKER_INDEX, DOCKER_INDEX),
    ],
)
def test_media_type_stands_in_the_document_or_beside_it(data: bytes, said: str, kind: str) -> None:
    assert parse_document(data, said).media_type == kind


@pytest.mark.parametrize("said", ["text/plain", "application/json", "application/octet-stream"])
@pytest.mark.parametrize(
    ("data", "kind"),
    [(document(config=CONFIG), OCI_MANIFEST), (document(manifests=[]), OCI_INDEX)],
)
def test_type_that_says_nothing_is_not_taken_over(data: bytes, said: str, kind: str) -> None:
    assert parse_document(data, said).media_type == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"5",
        b'"x"',
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"config": NaN}',
        document(),
        document(schemaVersion=1, fsLayers=[], history=[]),
        document(mediaType="application/vnd.docker.distribution.manifest.v1+json", fsLayers=[]),
        document(mediaType=OCI_INDEX, config=CONFIG),
        document(mediaType=DOCKER_MANIFEST, manifests=[]),
        document(config=CONFIG, manifests=[]),
        document(config=CONFIG, manifests=[], mediaType=OCI_MANIFEST),
        document(config=CONFIG, manifests=[], mediaType=OCI_INDEX),
        document(config=CONFIG, mediaType="application/vnd.oci.artifact.manifest.v1+json"),
        document(config=CONFIG, layers=5),
        document(config=CONFIG, layers={}),
        document(config=CONFIG, layers=["x"]),
        document(config=[]),
        document(config=None),
        document(manifests=5),
        document(manifests=[None]),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(OciError):
        parse_document(data)


@pytest.mark.parametrize(
    "change",
    [
        {"digest": None},
        {"digest": 5},
        {"digest": "sha256:../../etc/passwd"},
        {"digest": DIGEST.upper()},
        {"digest": DIGEST + "\n"},
        {"digest": "sha512:" + "0" * 128},
        {"digest": "md5:" + "0" * 32},
        {"size": None},
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"size": "9"},
        {"size": 2**63},
        {"size": 10**400},
    ],
)
@pytest.mark.parametrize("kind", ["config", "layers", "manifests"])
def test_descriptor_that_cannot_be_checked_is_refused(change: dict[str, Any], kind: str) -> None:
    wrong = {**LAYER, **change}
    fields = {
        "config": {"config": wrong},
        "layers": {"config": CONFIG, "layers": [LAYER, wrong]},
        "manifests": {"manifests": [wrong]},
    }
    with pytest.raises(OciError) as caught:
        parse_document(document(**fields[kind]))
    assert len(caught.value.format_message()) < 1000


@pytest.mark.parametrize(
    ("platform", "read"),
    [
        (None, None),
        ([], None),
        ({}, None),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, Platform("linux", "arm", "v7")),
        ({"os": 5, "architecture": ["x"]}, None),
        ({"os": "linux", "architecture": "amd64", "variant": 7}, Platform("linux", "amd64", "")),
    ],
)
def test_platform_is_read_as_far_as_it_is_text(platform: object, read: Platform | None) -> None:
    assert Descriptor.from_json({**LAYER, "platform": platform}).platform == read


@pytest.mark.parametrize("annotations", [None, [], "x", {"a": 5}, {"a": None}])
def test_annotations_that_are_no_texts_are_left_out(annotations: object) -> None:
    found = Descriptor.from_json({**LAYER, "annotations": annotations})
    assert found.annotations == {}


@pytest.mark.parametrize("media_type", [None, 5, [], {}])
def test_media_type_that_is_no_text_is_empty(media_type: object) -> None:
    assert Descriptor.from_json({**LAYER, "mediaType": media_type}).media_type == ""


@pytest.mark.parametrize(
    ("text", "good"),
    [(DIGEST, True), (DIGEST + "0", False), ("", False), (None, False), (b"sha256:", False)],
)
def test_digest_is_sha256_and_64_digits(text: object, good: bool) -> None:
    assert is_digest(text) is good
