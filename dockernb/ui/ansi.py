"""Terminal output -> lines of styled text, as a terminal would show them.

Understood: colours and attributes (SGR), carriage return, backspace and "erase in line" as progress
bars use them. Every other escape sequence is dropped: a log is read from top to bottom, so nothing
may move the cursor to another line. `ansi2html` and nbconvert's filter know no carriage returns,
keep no state between pieces of output, and are slow to import; hence this small one.
"""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from .visible import visible

__all__ = ["PLAIN", "Line", "Run", "Style", "Terminal", "lines_to_html", "terminal_lines"]

MAX_LINE = 4000  # characters; a longer line is cut
_HELD = 2100  # an escape sequence that is not complete after so many characters is none

_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC: to their end
    r"|\x1b[ -/]*[0-Z\\^-~]|\x1b"
    r"|(?P<control>[\r\n\b])"
    r"|(?P<text>[^\x00-\x08\x0a-\x1f\x7f]+)"
    r"|[\x00-\x1f\x7f]"
)
_INCOMPLETE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?)?\Z")


class Style(NamedTuple):
    """How a character looks.

    Args:
        fg: "" (the page's own), "0" to "15" (palette), or "#rrggbb".
        bg: As `fg`.
        flags: Letters out of "bdiurs": bold, dim, italic, underline, reverse, struck.
    """

    fg: str = ""
    bg: str = ""
    flags: str = ""


class Run(NamedTuple):
    """Neighbouring characters of one style. `text` has no invisible characters but tabs."""

    text: str
    style: Style


Line = tuple[Run, ...]
PLAIN = Style()


class Terminal:
    """The last lines of a stream of output.

    Args:
        max_chars: Older lines are forgotten when the lines hold more characters than this.

    Attributes:
        first: Number of the oldest line that is kept (the stream's first line is 0).
        lines: The finished lines that are kept; `current` is the unfinished one.
    """

    def __init__(self, max_chars: int = 64_000) -> None:
        self.lines: deque[Line] = deque()
        self.first = 0
        self._max_chars = max_chars
        self._size = 0
        self._style = PLAIN
        self._held = ""
        self._new_line()

    def feed(self, text: str) -> None:
        """Adds output; a piece may end in the middle of an escape sequence."""
        text = self._held + text
        self._held = ""
        cut = _INCOMPLETE.search(text, max(0, len(text) - _HELD))
        if cut is not None and len(text) - cut.start() < _HELD:
            text, self._held = text[: cut.start()], text[cut.start() :]
        for token in _TOKEN.finditer(text):
            if token["text"] is not None:
                self._write(token["text"])
            elif token["control"] is not None:
                self._move(token["control"])
            elif token["final"] == "m":
                self._style = _sgr(self._style, token["parameters"])
            elif token["final"] == "K":
                self._erase(token["parameters"])

    def skip(self, lines: int) -> None:
        """Forgets all that is kept and goes `lines` lines on: output that nobody looked at."""
        self.first = self.end + lines
        self.lines.clear()
        self._size = 0
        self._style = PLAIN
        self._held = ""
        self._new_line()

    @property
    def end(self) -> int:
        """Number of the current, unfinished line."""
        return self.first + len(self.lines)

    @property
    def current(self) -> Line:
        """The unfinished line; empty after a newline."""
        pairs = zip(self._chars, self._styles, strict=True)
        groups = groupby(pairs, key=lambda pair: pair[1])
        return tuple(_run("".join(c for c, _ in group), style) for style, group in groups)

    def since(self, number: int) -> list[Line]:
        """The kept lines from line `number` on, the unfinished one last unless it is empty."""
        start = max(0, number - self.first)
        current = self.current
        # A deque is slow in its middle: walk from the end that is nearer.
        fresh = [self.lines[i] for i in range(-1, -1 - (len(self.lines) - start), -1)][::-1]
        return [*fresh, current] if current else fresh

    def _new_line(self) -> None:
        self._chars: list[str] = []
        self._styles: list[Style] = []
        self._cursor = 0

    def _write(self, text: str) -> None:
        text = text[: max(0, MAX_LINE - self._cursor)]
        end = self._cursor + len(text)
        self._chars[self._cursor : end] = text
        self._styles[self._cursor : end] = [self._style] * len(text)
        self._cursor = end

    def _move(self, control: str) -> None:
        if control == "\r":
            self._cursor = 0
        elif control == "\b":
            self._cursor = max(0, self._cursor - 1)
        else:
            self._size += len(self._chars) + 1
            self.lines.append(self.current)
            self._new_line()
            while self._size > self._max_chars and len(self.lines) > 1:
                self._size -= sum(len(run.text) for run in self.lines.popleft()) + 1
                self.first += 1

    def _erase(self, parameters: str) -> None:
        if parameters in ("", "0"):
            del self._chars[self._cursor :], self._styles[self._cursor :]
        elif parameters in ("1", "2"):
            end = len(self._chars) if parameters == "2" else min(self._cursor, len(self._chars))
            self._chars[:end] = " " * end
            self._styles[:end] = [PLAIN] * end


def terminal_lines(text: str | bytes, max_chars: int = 64_000) -> list[Line]:
    """The last lines of `text`; bytes that are not UTF-8 become U+FFFD."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    terminal = Terminal(max_chars)
    terminal.feed(text)
    return terminal.since(0)


def lines_to_html(lines: Iterable[Line]) -> str:
    """Lines as HTML text with `<span style>`; all of the text is escaped."""
    return "\n".join("".join(_run_to_html(run) for run in line) for line in lines)


def _run(text: str, style: Style) -> Run:
    return Run("\t".join(visible(part) for part in text.split("\t")), style)


# SGR codes of attributes: what a code adds, what a code takes away.
_ON = {1: "b", 2: "d", 3: "i", 4: "u", 7: "r", 9: "s", 21: "u"}
_OFF = {22: "bd", 23: "i", 24: "u", 27: "r", 29: "s"}


def _sgr(style: Style, parameters: str) -> Style:
    """The style after `ESC [ parameters m`; codes that are unknown change nothing."""
    codes = [int(c) if c.isdigit() and len(c) < 4 else 0 for c in re.split("[;:]", parameters)]
    codes.reverse()
    while codes:
        code = codes.pop()
        if code == 0:
            style = PLAIN
        elif code in _ON:
            style = style._replace(flags="".join(sorted({*style.flags, _ON[code]})))
        elif code in _OFF:
            style = style._replace(flags="".join(f for f in style.flags if f not in _OFF[code]))
        elif code in (38, 48):
            name = _extended(codes)
            style = style._replace(fg=name) if code == 38 else style._replace(bg=name)
        else:
            style = _palette(style, code)
    return style


def _palette(style: Style, code: int) -> Style:
    if 30 <= code <= 37 or 90 <= code <= 97:
        return style._replace(fg=str(code - 30 if code < 90 else code - 82))
    if 40 <= code <= 47 or 100 <= code <= 107:
        return style._replace(bg=str(code - 40 if code < 100 else code - 92))
    if code == 39:
        return style._replace(fg="")
    return style._replace(bg="") if code == 49 else style


def _extended(codes: list[int]) -> str:
    """The colour of `5;n` or `2;r;g;b`, taken off the end of the reversed `codes`."""
    kind = codes.pop() if codes else 0
    if kind == 5 and codes:
        return _indexed(min(codes.pop(), 255))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(), 255) for _ in range(3))
        return f"#{red:02x}{green:02x}{blue:02x}"
    codes.clear()
    return ""


def _indexed(number: int) -> str:
    if number < 16:
        return str(number)
    if number >= 232:  # 24 greys
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    cube = number - 16
    levels = [0 if step == 0 else 55 + 40 * step for step in (cube // 36, cube // 6 % 6, cube % 6)]
    return "#" + "".join(f"{level:02x}" for level in levels)


# Tones that can be read on white and on black; a front end takes no colour that is computed.
_PALETTE = ("#7a7a7a", "#e0453d", "#1f8a4c", "#a37200", "#2f7de0", "#b455cf", "#12858f", "")
_FLAGS = {
    "b": "font-weight:600",
    "d": "opacity:.7",
    "i": "font-style:italic",
    "u": "text-decoration:underline",
    "s": "text-decoration:line-through",
}


def _run_to_html(run: Run) -> str:
    css = _css(run.style)
    text = html.escape(run.text)
    return f'<span style="{css}">{text}</span>' if css else text


def _css(style: Style) -> str:
    fg, bg = (style.bg or "0", style.fg) if "r" in style.flags else (style.fg, style.bg)
    parts = [_FLAGS[flag] for flag in style.flags if flag in _FLAGS]
    if color := _color(fg):
        parts.append(f"color:{color}")
    if color := _color(bg):
        parts.append(f"background:{color}40")
    return ";".join(parts)


def _color(name: str) -> str:
    return _PALETTE[int(name) % 8] if name.isdigit() else name
