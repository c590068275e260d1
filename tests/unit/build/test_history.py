"""The texts of `docker history`: Go's %q and %v, and its durations."""

from __future__ import annotations

import pytest

from dockernb.build import history
from dockernb.dockerfile.instructions import Arg, KeyValue
from dockernb.oci.config import Healthcheck, HistoryEntry

MS, S = 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1_500, "1.5µs"),
        (1_500_000, "1.5ms"),
        (300 * MS, "300ms"),
        (S, "1s"),
        (S + 500 * MS, "1.5s"),
        (S + 1, "1.000000001s"),
        (90 * S, "1m30s"),
        (60 * S, "1m0s"),
        (3600 * S, "1h0m0s"),
        (3661 * S + 50 * MS, "1h1m1.05s"),
        (100 * 3600 * S, "100h0m0s"),
    ],
)
def test_durations_as_go_writes_them(nanoseconds: int, text: str) -> None:
    assert history.go_duration(nanoseconds) == text


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("a b", '"a b"'),
        ('say "hi"', r'"say \"hi\""'),
        ("it's", '"it\'s"'),
        ("a\\b", r'"a\\b"'),
        ("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"'),
        ("\0\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("é€😀", '"é€😀"'),
        ("\u00a0\u200b", r'"\u00a0\u200b"'),
        ("\x80", r'"\u0080"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("a\udcffb", r'"a\xffb"'),  # a byte that is no UTF-8
    ],
)
def test_strings_as_go_quotes_them(text: str, quoted: str) -> None:
    assert history.go_quote(text) == quoted


@pytest.mark.parametrize(
    ("number", "rune"),
    [
        (0, r"'\x00'"),
        (3, r"'\x03'"),
        (10, r"'\n'"),
        (39, r"'\''"),
        (34, "'\"'"),
        (65, "'A'"),
        (0xD800, "'\ufffd'"),
        (-1, "'\ufffd'"),
        (0x110000, "'\ufffd'"),
    ],
)
def test_numbers_as_go_quotes_them(number: int, rune: str) -> None:
    assert history.go_rune(number) == rune


def test_lists() -> None:
    assert history.go_list(["a", "b c"]) == "[a b c]"
    assert history.go_quoted_list(["a", "b c"]) == '["a" "b c"]'
    assert history.go_quoted_list([]) == "[]"


def test_run_names_declared_args_as_often_as_they_are_declared() -> None:
    declared = [Arg("B", "1"), Arg("A", "2"), Arg("B", "3"), Arg("C")]
    text = history.run_text(("sh", "-c", "x"), declared, {"B": "3", "A": "env"})
    assert text == "RUN |4 B=3 A=env B=3 C= sh -c x # buildkit"
    assert history.run_text(("x",), (), {}) == "RUN x # buildkit"


def test_pairs_and_ports() -> None:
    assert history.pairs_text("ENV", [KeyValue("a", "1 2"), KeyValue("b", "")]) == "ENV a=1 2 b="
    ports = ["80/tcp", "443/udp", "80/tcp"]
    assert history.ports_text(ports) == "EXPOSE map[443/udp:{} 80/tcp:{}]"


def test_healthcheck() -> None:
    health = Healthcheck(("CMD", 'a"b'), 30 * S, 90 * S, 0, 250 * MS, 0)
    assert history.healthcheck_text(health) == (
        r"""HEALTHCHECK &{["CMD" "a\"b"] "30s" "1m30s" "0s" "250ms" '\x00'}"""
    )


def test_entry() -> None:
    assert history.entry("RUN x", created="now", empty_layer=True) == HistoryEntry(
        "now", "RUN x", "buildkit.dockerfile.v0", empty_layer=True
    )
