"""Splits a Dockerfile into segments which give it back byte for byte when joined."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dockernb.dockerfile.directives import DirectiveReader
from dockernb.dockerfile.instructions import Lines
from dockernb.dockerfile.scan import Kind, ScanError, scan, split_lines

__all__ = ["Segment", "split_instructions"]


@dataclass(frozen=True)
class Segment:
    """Some lines of a text.

    Args:
        text: With all line ends, also the missing one.
        kind: instruction (with continuation lines and heredocs), comment, blank, directive.
            Neighbouring comment lines, and neighbouring blank lines, are one segment.
        lines: Where it stands.
    """

    text: str
    kind: Kind
    lines: Lines


def split_instructions(text: str, *, escape: str | None = None) -> list[Segment]:
    """The segments of a text, in order; never fails.

    From the place on where the lines cannot be told apart (a heredoc without end, a directive that
    stands twice) the rest is one segment of kind instruction. Whether an instruction is right
    does not matter here.

    Args:
        text: A cell or a file.
        escape: As in `parse`.
    """
    lines = split_lines(text)
    segments: list[Segment] = []
    for kind, start, end in _ranges(text, escape, len(lines)):
        last = segments[-1] if segments else None
        body = "".join(lines[start - 1 : end])
        if last is not None and last.kind == kind and kind in {"comment", "blank"}:
            segments[-1] = Segment(last.text + body, kind, Lines(last.lines.start, end))
        else:
            segments.append(Segment(body, kind, Lines(start, end)))
    return segments


def _ranges(text: str, escape: str | None, count: int) -> Iterator[tuple[Kind, int, int]]:
    done = 0
    try:
        for statement in scan(text, DirectiveReader(escape)):
            done = statement.end
            yield statement.kind, statement.start, statement.end
    except ScanError:
        yield "instruction", done + 1, count
