"""COPY --from: files of an image keep their owners."""

from __future__ import annotations

from typing import Any

import pytest

from dockernb.build.copy_request import CopyRequest, InlineFile
from dockernb.build.copying import collect_from_image
from dockernb.errors import BuildError

from .fake_container import FakeContainer, FakeImages, Node, directory, file, link

IMAGE = {
    "/o": directory(0o700, (1, 2)),
    "/o/f": file("x", 0o4755, (5, 6)),
    "/o/sub": directory(0o1770, (7, 8)),
    "/o/sub/g.txt": file("g"),
    "/o/link": link("f"),
    "/o/loop": Node("block", 0o660),
    "/l": link("/o"),
    "/top.txt": file("top"),
}


def copy(*sources: str, to: str, **options: Any) -> FakeContainer:
    made = FakeContainer()
    request = CopyRequest(sources=sources, destination=to, **options)
    images: Any = FakeImages(FakeContainer(IMAGE))
    collect_from_image(request, images, "sha256:" + "1" * 64).apply(made, request)
    return made


def test_owners_and_modes_are_kept_below_the_destination() -> None:
    made = copy("/o", to="/d")
    assert made.nodes["/d"] == directory()
    assert made.nodes["/d/f"] == file("x", 0o4755, (5, 6))
    assert made.nodes["/d/sub"] == directory(0o1770, (7, 8))
    assert made.nodes["/d/link"] == link("f")


def test_chown_replaces_the_owners() -> None:
    made = copy("o/", to="/d", chown="9")
    assert {node.owner for path, node in made.nodes.items() if path != "/"} == {(9, 9)}


def test_links_of_the_image_are_followed_for_a_source() -> None:
    assert copy("/l/sub", to="/d").texts("/d") == {"g.txt": "g"}
    assert copy("/o/link", to="/d/").texts("/d") == {"link": "x"}


def test_wildcards_look_into_the_image() -> None:
    assert copy("/*.txt", to="/d/").texts("/d") == {"top.txt": "top"}
    assert copy("/l/s*", to="/d/").texts("/d") == {"g.txt": "g"}
    assert copy("/o/*/*.txt", to="/d/").texts("/d") == {"g.txt": "g"}
    assert copy("/o/l[i]nk", to="/d/").texts("/d") == {"link": "x"}
    assert copy("/o/none*", to="/d/").listing() == {}


def test_the_whole_image_can_be_copied() -> None:
    made = copy("/", to="/d/")
    assert made.texts("/d") == {"o/f": "x", "o/sub/g.txt": "g", "top.txt": "top"}


def test_a_block_device_becomes_a_character_device_as_in_buildkit() -> None:
    assert copy("/o", to="/d").nodes["/d/loop"].type == "char"


def test_file_capabilities_are_kept() -> None:
    capability = b"\x01\x00\x00\x02\xff\x20"
    images: Any = FakeImages(
        FakeContainer({"/ping": Node(data=b"p", xattrs={"security.capability": capability})})
    )
    made, request = FakeContainer(), CopyRequest(sources=("/ping",), destination="/p")
    collect_from_image(request, images, "sha256:1").apply(made, request)
    assert made.nodes["/p"].xattrs == {"security.capability": capability}


def test_a_missing_source_names_the_image() -> None:
    with pytest.raises(BuildError, match='source "/none" is not in the image 111111111111'):
        copy("/none", to="/d")


def test_the_image_id_stands_for_the_content_and_heredocs_for_theirs() -> None:
    request = CopyRequest(("/x",), "/d/", heredocs=(InlineFile("EOF", b"1"),))
    images: Any = FakeImages(FakeContainer())
    content = collect_from_image(request, images, "sha256:1").content
    assert content["the image of --from"] == "sha256:1"
    assert set(content) == {"the image of --from", "<<EOF"}
