"""What goes from a terminal to the pages is whole, bounded, and no faster than a page draws."""

from __future__ import annotations

import threading
from typing import Any

from dockernb.ui import terminal_feed
from dockernb.ui.terminal_feed import TerminalFeed


class Browser:
    """Draws what it gets; says so at once, or never."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.text = b""
        self.pieces: list[int] = []
        self.news = threading.Condition()
        self.feed = TerminalFeed(self.take)

    def take(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        with self.news:
            if message["is"] == "all":
                self.text = b""
            self.text += buffers[0]
            self.pieces.append(len(buffers[0]))
            self.news.notify_all()
            total = message["at"] + len(buffers[0])
        if self.answers:
            threading.Thread(target=self.feed.drawn, args=(total,)).start()

    def until(self, size: int) -> None:
        with self.news:
            assert self.news.wait_for(lambda: len(self.text) >= size, 20)


def test_much_arrives_whole_in_bounded_pieces() -> None:
    browser = Browser()
    wanted = b"".join(b"line %d\n" % number for number in range(100_000))
    for start in range(0, len(wanted), 4096):
        browser.feed.output(wanted[start : start + 4096])
    browser.until(len(wanted))
    browser.feed.close()
    assert browser.text == wanted
    assert max(browser.pieces) <= 64 * 1024


def test_a_page_that_comes_late_gets_the_end() -> None:
    browser = Browser()
    for number in range(40_000):
        browser.feed.output(b"line %06d\n" % number)
    browser.until(480_000)
    browser.feed.show_all("page")
    assert browser.text.endswith(b"line 039999\n")
    assert browser.text.startswith(b"line ")
    assert len(browser.text) <= 512 * 1024
    browser.feed.close()


def test_who_prints_waits_for_a_page_but_not_for_one_that_is_gone(monkeypatch: Any) -> None:
    monkeypatch.setattr(terminal_feed, "_PATIENCE_SECONDS", 0.05)
    browser = Browser(answers=False)
    for _ in range(100):
        browser.feed.output(b"x" * 10_000)  # returns: nobody draws, nobody is waited for
    assert len(browser.text) < 400_000
    browser.feed.drawn(10**9)  # no page can have drawn so much
    browser.feed.show_all("page")
    assert browser.text.endswith(b"x" * 10_000)
    browser.feed.close()
