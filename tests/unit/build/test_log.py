"""The log of a step: bounded, its head and tail kept, its lines counted."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.build.log import LogBuffer


def buffer(*pieces: bytes, head: int = 10, tail: int = 10) -> LogBuffer:
    made = LogBuffer(head, tail)
    for piece in pieces:
        made.append(piece)
    return made


def held(log: LogBuffer) -> int:
    return len(log._head) + len(log._tail)


@given(
    st.lists(st.binary(max_size=60), max_size=40),
    st.integers(0, 20),
    st.integers(1, 20),
)
def test_memory_is_bounded_and_nothing_is_lost_but_the_middle(
    pieces: list[bytes], head: int, tail: int
) -> None:
    log, whole = LogBuffer(head, tail), b"".join(pieces)
    for piece in pieces:
        log.append(piece)
        assert held(log) <= head + 2 * tail
    done = log.finish()
    assert done.lines == whole.count(b"\n") + (0 if whole.endswith(b"\n") or not whole else 1)
    if len(whole) <= head + tail:
        assert (done.text, done.omitted) == (whole.decode("utf-8", "replace"), 0)
    else:
        assert done.omitted >= len(whole) - head - tail or done.omitted == 0
        if done.omitted:
            before, _, after = done.text.partition(f"\n[... {done.omitted} bytes left out ...]\n")
            assert whole.decode("utf-8", "replace").startswith(before.rstrip("\ufffd"))
            assert len(before) + len(after) <= head + tail


def test_gigabyte_of_small_pieces_takes_no_more_than_the_limits() -> None:
    log, piece = LogBuffer(1000, 1000), b"0123456789abcde\n" * 32
    tracemalloc.start()
    for _ in range(20_000):
        log.append(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000
    done = log.finish()
    assert done.lines == 20_000 * 32
    assert done.omitted == 20_000 * 512 - 2000
    assert done.text.startswith("0123456789abcde\n01")
    assert done.text.endswith("cde\n0123456789abcde\n")


def test_one_huge_piece_is_not_held() -> None:
    log = buffer(b"x" * 5 + b"y" * 1_000_000 + b"z" * 10, head=5)
    assert held(log) == 15
    done = log.finish()
    assert done.text == "xxxxx\n[... 1000000 bytes left out ...]\nzzzzzzzzzz"


def test_small_output_is_whole() -> None:
    log = buffer(b"one\n", b"", b"two\n", b"three")
    assert log.finish() == type(log.finish())("one\ntwo\nthree", 3, 0)


@pytest.mark.parametrize(
    ("data", "lines"),
    [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"\n\n", 2), (b"1%\r2%\r3%\n", 1)],
)
def test_lines_are_counted(data: bytes, lines: int) -> None:
    assert buffer(data).finish().lines == lines


def test_carriage_returns_and_colours_are_kept() -> None:
    text = "\x1b[32m10%\r100%\x1b[0m\r\n"
    assert buffer(text.encode(), head=100).finish().text == text


def test_character_cut_between_two_pieces_is_whole_again() -> None:
    assert buffer(b"a\xc3", b"\xa9b").finish().text == "aéb"


def test_character_cut_by_the_limits_is_left_out_whole() -> None:
    done = buffer("é".encode() * 30, head=5, tail=5).finish()
    assert done.text == f"éé\n[... {done.omitted} bytes left out ...]\néé"
    assert done.omitted == 60 - 8


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert buffer(b"a\xff\xfeb").finish().text == "a\ufffd\ufffdb"
    done = buffer(b"\xff" * 50).finish()
    assert done.text.startswith("\ufffd" * 10 + "\n[...")


@pytest.mark.parametrize(
    ("data", "tail"),
    [
        (b"a\nb\nc\n", "b\nc"),
        (b"\x80a", "\ufffda"),
        (b"1%\r50%\r100%\r\ndone\r\n", "100%\ndone"),
        (b"1%\r50%\r100%\r", "100%"),
        (b"", ""),
        (b"\n\n", ""),
    ],
)
def test_tail_text_is_what_a_terminal_would_show_last(data: bytes, tail: str) -> None:
    assert buffer(data, head=100).tail_text(2) == tail


def test_tail_text_spans_head_and_tail() -> None:
    assert buffer(b"one\ntwo\n", b"three\nfour\n", head=9, tail=20).tail_text(3) == (
        "two\nthree\nfour"
    )


def test_tail_text_of_a_cut_log_begins_behind_the_cut() -> None:
    assert buffer(b"head\n" * 2, b"x" * 100, b"\nlast\n").tail_text(5) == "xxxxxxxxxx\nlast"


def test_tail_text_of_endless_lines_is_bounded() -> None:
    assert len(buffer(b"x" * 100_000, head=60_000, tail=60_000).tail_text()) == 8192
