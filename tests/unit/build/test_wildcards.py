"""Wildcards as Go's filepath.Match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.build.wildcards import has_wildcards, matches, split_wildcards


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        # The table of Go's own match_test.go, without its slashes.
        ("abc", "abc", True), ("*", "abc", True), ("*c", "abc", True), ("a*", "a", True),
        ("a*", "abc", True), ("a*b*c*d*e*", "axbxcxdxe", True),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False), ("ab[c]", "abc", True), ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False), ("ab[^c]", "abc", False), ("ab[^b-d]", "abc", False),
        ("ab[^e-g]", "abc", True), (r"a\*b", "a*b", True), (r"a\*b", "ab", False),
        ("a?b", "a☺b", True),
        ("a[^a]b", "a☺b", True), ("a???b", "a☺b", False), ("[a-ζ]*", "α", True),
        ("*[a-ζ]", "A", False),
        (r"[\]a]", "]", True), (r"[\-]", "-", True), (r"[x\-]", "x", True), (r"[x\-]", "z", False),
        (r"[\-x]", "-", True), ("[]a]", "]", False), ("[-]", "-", False), ("[x-]", "x", False),
        ("[-x]", "x", False), ("[a-b-c]", "a", False), ("[", "a", False), ("[^", "a", False),
        ("[^bc", "a", False), ("a[", "a", False), ("*x", "xxx", True), ("[!a]", "!", True),
        ("[!a]", "b", False), ("a\\", "a", False), ("[z-a]", "m", False), ("a*", "a\nb", True),
    ],
)  # fmt: skip
def test_pattern_matches_as_in_go(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected


@given(st.text(alphabet="ab*?[]^-\\é", max_size=8), st.text(alphabet="ab-]é", max_size=5))
def test_matching_never_raises(pattern: str, name: str) -> None:
    matches(pattern, name)


@given(st.text(alphabet="abc.-_é", min_size=1))
def test_a_name_without_marks_matches_itself_alone(name: str) -> None:
    assert not has_wildcards(name)
    assert matches(name, name)
    assert not matches(name, name + "x")


def test_split_ends_before_the_first_wildcard() -> None:
    assert split_wildcards("/a/b/c") == ("/a/b/c", [])
    assert split_wildcards("/a/*/c") == ("/a", ["*", "c"])
    assert split_wildcards("/*.txt") == ("/", ["*.txt"])
    assert split_wildcards(r"/a\*/b?") == (r"/a\*", ["b?"])
