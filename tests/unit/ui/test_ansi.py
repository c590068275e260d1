from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.ui.ansi import PLAIN, Run, Style, Terminal, lines_to_html, terminal_lines

RED = Style(fg="1")


def shown(text: str | bytes) -> list[str]:
    return ["".join(run.text for run in line) for line in terminal_lines(text)]


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        ("one\ntwo\n", ["one", "two"]),
        ("one\r\ntwo", ["one", "two"]),
        ("10%\r 50%\r100%", ["100%"]),
        ("long line\rshort", ["shortline"]),
        ("long line\r\x1b[Kshort", ["short"]),
        ("long\x1b[2K\rnew", ["new "]),
        ("abc\b\bX", ["aXc"]),
        ("\b\bX", ["X"]),
        ("a\x07b\x00c", ["abc"]),
        ("a\x1b[2Ab\x1b[10;3Hc\x1b[?25ld", ["abcd"]),
        ("\x1b]0;title\x07text", ["text"]),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", ["link"]),
        ("\x1b]never ended\nnext", ["", "next"]),
        ("\x1b(Btext\x1b=", ["text"]),
        ("a\tb", ["a\tb"]),
        (b"caf\xe9\n", ["caf\ufffd"]),
        ("gnp.\u202eexe", ["gnp.\\u202eexe"]),
        ("", []),
        ("\n\n", ["", ""]),
    ],
)
def test_a_log_reads_as_on_a_terminal(output: str | bytes, lines: list[str]) -> None:
    assert shown(output) == lines


@pytest.mark.parametrize(
    ("sgr", "style"),
    [
        ("31", Style(fg="1")),
        ("1;31", Style(fg="1", flags="b")),
        ("91", Style(fg="9")),
        ("41", Style(bg="1")),
        ("38;5;9", Style(fg="9")),
        ("38;5;196", Style(fg="#ff0000")),
        ("38;5;244", Style(fg="#808080")),
        ("38;2;1;2;3", Style(fg="#010203")),
        ("48;2;999;0;0", Style(bg="#ff0000")),
        ("38;5", PLAIN),
        ("38", PLAIN),
        ("1;4;22", Style(flags="u")),
        ("31;0", PLAIN),
        ("", PLAIN),
        ("999999999999", PLAIN),
        ("31;39", PLAIN),
    ],
)
def test_colours_and_attributes(sgr: str, style: Style) -> None:
    assert terminal_lines(f"\x1b[{sgr}mx") == [(Run("x", style),)]


def test_a_style_lasts_over_lines_and_pieces() -> None:
    terminal = Terminal()
    for piece in ("\x1b[3", "1mone\ntw", "o\x1b[0", "m!"):
        terminal.feed(piece)
    assert terminal.since(0) == [(Run("one", RED),), (Run("two", RED), Run("!", PLAIN))]


def test_an_escape_that_never_ends_is_not_kept_for_ever() -> None:
    terminal = Terminal()
    terminal.feed("\x1b]" + "x" * 10_000)
    terminal.feed("y" * 10_000 + "\nvisible\n")
    assert terminal.since(0)[-1] == (Run("visible", PLAIN),)


def test_only_the_last_lines_are_kept_and_numbered() -> None:
    terminal = Terminal(max_chars=100)
    terminal.feed("".join(f"line {n}\n" for n in range(1000)))
    assert terminal.end == 1000
    assert terminal.first > 980
    assert terminal.lines[-1] == (Run("line 999", PLAIN),)


def test_a_line_without_end_is_cut() -> None:
    assert len(shown("x" * 1_000_000)[0]) == 4000


def test_html_escapes_text_and_closes_spans() -> None:
    page = lines_to_html(terminal_lines("\x1b[31m<b>&\x1b[0m\"'"))
    assert page.count("<span") == page.count("</span>") == 1
    assert "&lt;b&gt;&amp;" in page
    assert "<b>" not in page


@given(st.lists(st.text(alphabet="ab<\n\r\b\x1b[]31;mK\x07é"), max_size=8))
def test_pieces_and_the_whole_give_the_same_lines(pieces: list[str]) -> None:
    terminal = Terminal()
    for piece in pieces:
        terminal.feed(piece)
    assert terminal.since(0) == terminal_lines("".join(pieces))
