from __future__ import annotations

import pytest

from dockernb.oci.registry.challenge import Challenge, parse_challenges


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        ("", []),
        (" , ,", []),
        ("Basic", [Challenge("basic")]),
        ('Basic realm="a b"', [Challenge("basic", {"realm": "a b"})]),
        ("bearer REALM=x", [Challenge("bearer", {"realm": "x"})]),
        (
            'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
            [
                Challenge(
                    "bearer",
                    {"realm": "https://a/t", "service": "s", "scope": "repository:x:pull,push"},
                )
            ],
        ),
        (
            'Basic realm="one", Bearer realm="two" , scope = "s"',
            [
                Challenge("basic", {"realm": "one"}),
                Challenge("bearer", {"realm": "two", "scope": "s"}),
            ],
        ),
        (r'Basic realm="a \"quoted\" b"', [Challenge("basic", {"realm": 'a "quoted" b'})]),
        ('Bearer realm="a",realm="b"', [Challenge("bearer", {"realm": "a"})]),
        ('realm="nobody"', []),
        ("Bearer realm=", [Challenge("bearer", {"realm": ""})]),
    ],
)
def test_challenges_are_told_apart(header: str, challenges: list[Challenge]) -> None:
    assert parse_challenges(header) == challenges


@pytest.mark.parametrize("header", ['Bearer realm="' + "\\" * 100_000, "a=" * 50_000, '"' * 9999])
def test_hostile_headers_end(header: str) -> None:
    parse_challenges(header)
