"""What a log or an error holds cannot steer the reader's terminal."""

from __future__ import annotations

import random
import re
import time

import pytest

from dockernb.cli.terminal import clean


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        ("\x1b[2Jclear", "clear"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("\x1bcreset", "reset"),
        ("bell\x07 back\x08 \x9b2J", "bell back 2J"),
        ("tab\tstays", "tab\tstays"),
        ("\x1b[2\x00J", "[2J"),
        ("\x1b\x00[2J", "[2J"),
        ("\x1b\x1b[2Jtwice", "twice"),
        ("\x1b[\x1b[31mm", "[\x1b[31mm"),
        ("\x1b]0;no end", "0;no end"),
        ("\x1b]0;\x1b]0;title\x07text", "0;text"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("end\x1b", "end"),
        ("end\x1b[", "end["),
        ("\x1b[" + "1;" * 100 + "m", ""),
        ("txt.\u202egpj", "txt.gpj"),
    ],
)
def test_only_colours_stay(text: str, printed: str) -> None:
    assert clean(text) == printed


def test_what_is_left_holds_colours_only_whatever_was_there() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        text = "".join(chance.choices("\x1b[]0;1mJh\x07\\P\x9b\r\x00 a", k=12))
        assert re.fullmatch(r"(?:\x1b\[[0-9;:]*m|[ -~])*", clean(text)), repr(text)


def test_sequences_without_end_take_no_time() -> None:
    begun = time.monotonic()
    clean("\x1b]" * 50_000 + "\x1b[" * 50_000 + "\x1b[0;" * 50_000)
    assert time.monotonic() - begun < 20
