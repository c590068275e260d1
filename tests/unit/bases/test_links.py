"""Paths of packages go through merged /usr and other links, and stay below the root."""

from __future__ import annotations

import pytest

from dockernb.bases.links import Links, clean_name
from dockernb.errors import BaseImageError


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("bin/sh", "usr/bin/sh"),
        ("sbin/ldconfig", "usr/sbin/ldconfig"),
        ("lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"),
        ("lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
        ("bin", "bin"),
        ("binary/sh", "binary/sh"),
        ("usr/bin/sh", "usr/bin/sh"),
        ("usr/lib/bin/sh", "usr/lib/bin/sh"),
        ("etc/lib/x", "etc/lib/x"),
        ("var/run/lock", "run/lock"),
        ("opt/up/x", "usr/lib/x"),
        ("opt/out/x", "x"),
        ("opt/chain/x", "usr/bin/x"),
    ],
)
def test_links_in_parents_are_followed(path: str, real: str) -> None:
    links = Links()
    links.add("var/run", "/run")
    links.add("opt/up", "../lib")
    links.add("opt/out", "../../../..")
    links.add("opt/chain", "/opt/chained")
    links.add("opt/chained", "/bin")
    assert links.real_parent(path) == real


def test_the_last_name_of_a_folder_is_followed_too() -> None:
    assert Links().real("lib") == "usr/lib"


def test_a_circle_of_links_is_refused() -> None:
    links = Links()
    links.add("a", "/b")
    links.add("b", "/a")
    with pytest.raises(BaseImageError, match="circle"):
        links.real_parent("a/file")


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("./", ""),
        (".", ""),
        ("./usr/bin/", "usr/bin"),
        ("./usr/bin/x", "usr/bin/x"),
        ("etc/a b", "etc/a b"),
        ("./usr/..data", "usr/..data"),
    ],
)
def test_names_are_taken_without_their_dot(name: str, clean: str) -> None:
    assert clean_name(name) == clean


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../x", "./../x", "usr/../../x", "usr//x", "usr/./x", "", "x" * 5000, "a\0b"],
)
def test_names_that_could_leave_the_root_are_refused(name: str) -> None:
    with pytest.raises(BaseImageError, match="not allowed"):
        clean_name(name)
