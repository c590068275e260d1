"""What a log or an error holds cannot steer the reader's terminal."""

from __future__ import annotations

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
    ],
)
def test_only_colours_stay(text: str, printed: str) -> None:
    assert clean(text) == printed
