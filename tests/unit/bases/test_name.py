"""Which bases can be made, and what they are called."""

from __future__ import annotations

import pytest

from dockernb.bases.name import BaseName, debian_architecture
from dockernb.errors import BaseImageError
from dockernb.oci.config import Platform


@pytest.mark.parametrize(
    ("text", "suite", "is_slim", "reference"),
    [
        ("debian:bookworm", "bookworm", False, "debian:bookworm"),
        ("debian:bookworm-slim", "bookworm", True, "debian:bookworm-slim"),
        ("debian:12-slim", "bookworm", True, "debian:12-slim"),
        ("debian:trixie", "trixie", False, "debian:trixie"),
        ("docker.io/library/debian:13", "trixie", False, "debian:13"),
    ],
)
def test_a_release_is_known_by_its_names(
    text: str, suite: str, is_slim: bool, reference: str
) -> None:
    assert BaseName.parse(text) == BaseName(suite, is_slim, reference)


@pytest.mark.parametrize(
    "text",
    [
        "debian",
        "debian:latest",
        "debian:bookworm-20250520-slim",
        "debian:bookworm-slim-slim",
        "debian:sid",
        "ubuntu:noble",
        "somebody/debian:bookworm",
        "quay.io/library/debian:bookworm",
        "debian:bookworm@sha256:" + "0" * 64,
        "Not A Name",
        "",
    ],
)
def test_another_name_is_refused_with_those_that_can_be_made(text: str) -> None:
    with pytest.raises(BaseImageError) as caught:
        BaseName.parse(text)
    assert f'"{text}"' in caught.value.message
    assert "debian:bookworm-slim, debian:trixie" in str(caught.value.hint)


def test_a_slip_of_the_pen_is_guessed() -> None:
    with pytest.raises(BaseImageError, match=r"did you mean debian:bookworm-slim\?"):
        BaseName.parse("debian:bokworm-slim")


@pytest.mark.parametrize(
    ("platform", "architecture"),
    [
        (Platform(), "amd64"),
        (Platform("linux", "arm64", "v8"), "arm64"),
        (Platform("linux", "arm", "v7"), "armhf"),
        (Platform("linux", "ppc64le"), "ppc64el"),
    ],
)
def test_a_platform_has_an_architecture_of_dpkg(platform: Platform, architecture: str) -> None:
    assert debian_architecture(platform) == architecture


def test_a_platform_without_debian_is_refused() -> None:
    with pytest.raises(BaseImageError, match="windows/amd64"):
        debian_architecture(Platform("windows", "amd64"))
