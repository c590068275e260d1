r"""From the texts of cells to the text of a Dockerfile.

What the builder reads must be what the cells mean one by one, so only two things are changed:
magics are left out, and an instruction that its cell leaves open (a `\` with nothing after it) is
closed, because a builder would otherwise join the next cell to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dockernb.dockerfile.directives import DEFAULT_ESCAPE, DirectiveReader
from dockernb.dockerfile.magics import without_magics
from dockernb.dockerfile.scan import ScanError, Statement, scan, split_lines

__all__ = ["Piece", "export_source", "export_sources", "join_pieces"]


@dataclass(frozen=True)
class Piece:
    """A cell's part of the Dockerfile.

    Args:
        text: Without the line end of its last line.
        before: What stands between the piece above and this one, the line end of that piece
            included. None: one blank line.
    """

    text: str
    before: str | None = None


def export_sources(sources: Sequence[str]) -> str:
    """The Dockerfile that the cells stand for: one blank line between cells, a line end at the end.

    Args:
        sources: Texts of the code cells in order, magics included. `%%name` cells and empty cells
            leave nothing behind.
    """
    texts = (export_source(source) for source in sources)
    return join_pieces([Piece(text) for text in texts if text])


def export_source(source: str) -> str:
    """One cell's text without magics and without the line ends after it; may be empty."""
    text = (without_magics(source) or "").rstrip("\r\n")
    return text if text.strip() else ""


def join_pieces(
    pieces: Sequence[Piece], *, start: str = "", end: str | None = None, newline: str = "\n"
) -> str:
    """Joins the pieces of a file.

    Args:
        start: What stands before the first piece; its own `before` does not count.
        end: What stands after the last piece; None: a line end, if there is any piece.
        newline: Line end between pieces that do not say what stands between them.
    """
    parts = [start]
    for index, piece in enumerate(_closed(pieces, at_top=not start.strip("\ufeff"))):
        if index:
            parts.append(newline * 2 if piece.before is None else piece.before)
        parts.append(piece.text)
    parts.append((newline if pieces else "") if end is None else end)
    return "".join(parts)


def _closed(pieces: Sequence[Piece], *, at_top: bool) -> Iterator[Piece]:
    """The pieces, all but the last one with their last instruction closed.

    `at_top`: nothing stands before the first piece, so it may hold parser directives.
    """
    directives = DirectiveReader(None if at_top else DEFAULT_ESCAPE)
    for index, piece in enumerate(pieces):
        last = _last_statement(piece.text, directives)
        directives = DirectiveReader(directives.escape)
        if last is not None and last.is_open and index < len(pieces) - 1:
            yield Piece(_close(piece.text, last, directives.escape), piece.before)
        else:
            yield piece


def _last_statement(text: str, directives: DirectiveReader) -> Statement | None:
    try:
        statements = list(scan(text, directives))
    except ScanError:
        return None  # not an instruction that could be closed; builders will say what is wrong
    return statements[-1] if statements else None


def _close(text: str, statement: Statement, escape: str) -> str:
    """Takes the escape character off the last line of the open instruction.

    Blank lines and comments may follow that line inside the instruction; they stay.
    """
    lines = split_lines(text)
    open_end = re.compile(rf"[ \t]*{re.escape(escape)}[ \t]*(?=[\r\n]*\Z)")
    for index in range(statement.end - 1, statement.start - 2, -1):
        bare = lines[index].strip()
        if bare and (not bare.startswith("#") or index == statement.start - 1):
            lines[index] = open_end.sub("", lines[index], count=1)
            break
    return "".join(lines)
