from __future__ import annotations

import threading

import pytest

from dockernb.errors import ImageNotFoundError, OciError
from dockernb.oci.reference import Reference
from dockernb.oci.registry import RegistryClient

from .scripted import ScriptedServer, failing, in_json

TAGS = "/v2/team/app/tags/list"


def listed(client: RegistryClient, image: Reference, most: int = 1000) -> list[str]:
    return client.tags(image, cancel=threading.Event(), most=most)


def test_tags_are_those_of_the_repository(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", TAGS, in_json({"name": "team/app", "tags": ["1", "2", 3, "x" * 200]}))
    assert listed(client, image) == ["1", "2"]
    assert server.seen[-1].target == f"{TAGS}?n=1000"


def test_repository_may_have_no_tags(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", TAGS, in_json({"name": "team/app", "tags": None}))
    assert listed(client, image) == []


def test_missing_repository_and_strange_answers_are_errors(
    server: ScriptedServer, client: RegistryClient, image: Reference
) -> None:
    server.on("GET", TAGS, failing(404, "NAME_UNKNOWN"), in_json(["1"]))
    with pytest.raises(ImageNotFoundError):
        listed(client, image)
    with pytest.raises(OciError, match="no list of tags"):
        listed(client, image)
