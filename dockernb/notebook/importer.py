r"""From a Dockerfile to a notebook that gives the Dockerfile back byte for byte.

What becomes a cell:
    - an instruction, with the comment lines right above it: a code cell;
    - parser directives: in the first code cell, with all that stands above the first instruction;
    - comment lines with a blank line (or the end of the file) below them: a markdown cell. Its
      source is the text without `#`, so `## Build stage` is a heading;
    - lines that cannot be told apart (a heredoc without end): one code cell with the rest.

What is kept beside the cells, in `metadata.dockernb`, and only where it is not what a notebook
written by hand means (one blank line between cells, a line end at the end of the file):
    notebook  `start`    blank lines (and a byte order mark) before the first cell
              `end`      what stands after the last cell
              `newline`  "\r\n" in a file with such line ends; cells hold "\n" only, because
                         editors in the browser know nothing else. Where a builder sees the "\r",
                         in the body of a heredoc, the cell begins with the magic `%crlf`
    cell      `before`   what stands between the cell above and this one, line end included
              `exact`    the text, where the cell's source does not say it exactly (mixed line ends,
                         a first line that looks like a magic); counts until the cell is edited
              `comment`  the same for a markdown cell: it marks the cell as part of the file
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dockernb.dockerfile.directives import DirectiveReader
from dockernb.dockerfile.export import export_source
from dockernb.dockerfile.instructions import Heredoc
from dockernb.dockerfile.magics import CRLF_MAGIC, without_magics
from dockernb.dockerfile.scan import ScanError, scan
from dockernb.dockerfile.split import Segment, split_instructions
from dockernb.notebook.cells import KERNEL_NAME, NAMESPACE

__all__ = ["editor_text", "import_dockerfile", "is_source_of", "uncommented", "with_newline"]

_BOM = "\ufeff"


@dataclass(frozen=True)
class _Block:
    """The lines of one cell, or blank lines."""

    kind: Literal["code", "markdown", "blank"]
    text: str


def import_dockerfile(text: str) -> dict[str, Any]:
    """The notebook (format 4.5, as JSON data) of a Dockerfile's text. Never fails.

    Cell IDs come from the cells' text: the same file gives the same IDs, and a changed line changes
    its own cell's ID only.
    """
    newline, escape = _newline(text), _escape(text)
    start = _BOM if text.startswith(_BOM) else ""
    before = start
    cells: list[dict[str, Any]] = []
    ids: dict[str, int] = {}
    for block in _blocks(split_instructions(text)):
        body = block.text.removeprefix(_BOM) if not cells else block.text
        if block.kind == "blank":
            before += body
            continue
        shown = body.rstrip("\r\n")
        is_code = block.kind == "code"
        cell = _code_cell(shown, newline, escape) if is_code else _markdown_cell(shown)
        cell["id"] = _cell_id(cell["cell_type"], cell["source"], ids)
        if not cells:
            start = before
        elif before != newline * 2:
            cell["metadata"].setdefault(NAMESPACE, {})["before"] = before
        cells.append(cell)
        before = body[len(shown) :]
    if not cells:
        start, before = before, ""
    return _notebook(cells, start=start, end=before, newline=newline)


def editor_text(text: str) -> str:
    r"""A text as an editor in the browser keeps it: all line ends are `\n`."""
    return re.sub(r"\r\n?", "\n", text)


def uncommented(comment: str) -> str:
    """Comment lines without `#` and the one blank after it."""
    lines = editor_text(comment).split("\n")
    return "\n".join(re.sub(r"^\s*# ?", "", line) for line in lines)


def _blocks(segments: Sequence[Segment]) -> Iterator[_Block]:
    """The segments put together to cells."""
    rest = list(segments)
    if any(segment.kind == "directive" for segment in rest):
        top = _top_length(rest)
        yield _Block("code", "".join(segment.text for segment in rest[:top]))
        rest = rest[top:]
    comment = ""
    for index, segment in enumerate(rest):
        follower = rest[index + 1].kind if index + 1 < len(rest) else "blank"
        if segment.kind == "blank":
            yield _Block("blank", segment.text)
        elif segment.kind == "comment" and follower != "instruction":
            yield _Block("markdown", segment.text)
        elif segment.kind == "comment":
            comment = segment.text
        else:
            yield _Block("code", comment + segment.text)
            comment = ""


def _top_length(segments: Sequence[Segment]) -> int:
    """How many segments belong to the first cell of a file with parser directives.

    All through the first instruction; without one, through the last segment that is not blank.
    """
    kinds = [segment.kind for segment in segments]
    if "instruction" in kinds:
        return kinds.index("instruction") + 1
    return max(index for index, kind in enumerate(kinds) if kind != "blank") + 1


def with_newline(text: str, newline: str) -> str:
    r"""A text with the line ends of its file; where those are `\n`, a cell may have its own."""
    return text if newline == "\n" else editor_text(text).replace("\n", newline)


def _code_cell(text: str, newline: str, escape: str) -> dict[str, Any]:
    source = _source(text, escape)
    exported = with_newline(export_source(source), newline)
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {} if exported == text else {NAMESPACE: {"exact": text}},
        "outputs": [],
        "source": source,
    }


def _source(text: str, escape: str) -> str:
    r"""What the cell holds, so that a builder reads in it what it reads in the file.

    A `\r` within a line stays where it counts: editors show it as a line end, and keep it. They do
    not keep `\r\n`, so a heredoc in which only some lines end so comes without it.
    """
    sources = _sources(text)
    if "\r" not in text:
        return sources[0]
    wanted = _read(text, escape)
    for source in sources:
        if wanted is None or _read(without_magics(source) or "", escape) == wanted:
            return source
    return sources[2]


def _sources(text: str) -> tuple[str, ...]:
    """All that a cell may hold for `text`."""
    shown, inner = editor_text(text), re.sub(r"\r+\n", "\n", text)
    return shown, f"{CRLF_MAGIC}\n{shown}", inner, f"{CRLF_MAGIC}\n{inner}"


def is_source_of(source: str, text: str) -> bool:
    """Whether the cell is as the import of `text` made it, line ends apart."""
    return editor_text(source) in {editor_text(found) for found in _sources(text)}


def _read(text: str, escape: str) -> list[tuple[str, tuple[Heredoc, ...]]] | None:
    """The instructions with their heredocs; None: they cannot be told apart."""
    try:
        statements = list(scan(text, DirectiveReader(escape)))
    except ScanError:
        return None
    return [(found.line, found.heredocs) for found in statements if found.kind == "instruction"]


def _escape(text: str) -> str:
    """The escape character of the file."""
    reader = DirectiveReader()
    try:
        for statement in scan(text, reader):
            if statement.kind != "directive":
                break
    except ScanError:
        pass
    return reader.escape


def _markdown_cell(text: str) -> dict[str, Any]:
    return {
        "cell_type": "markdown",
        "metadata": {NAMESPACE: {"comment": text}},
        "source": uncommented(text),
    }


def _cell_id(kind: str, source: str, used: dict[str, int]) -> str:
    digest = hashlib.sha256(f"{kind}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
    used[digest] = used.get(digest, 0) + 1
    return digest if used[digest] == 1 else f"{digest}-{used[digest]}"


def _newline(text: str) -> str:
    """The line end that most lines of the file have."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def _notebook(cells: list[dict[str, Any]], *, start: str, end: str, newline: str) -> dict[str, Any]:
    ours: dict[str, str] = {}
    if start:
        ours["start"] = start
    if end != (newline if cells else ""):
        ours["end"] = end
    if newline != "\n":
        ours["newline"] = newline
    metadata: dict[str, Any] = {
        "kernelspec": {
            "display_name": "Dockerfile",
            "language": "dockerfile",
            "name": KERNEL_NAME,
        },
        "language_info": {
            "codemirror_mode": "dockerfile",
            "file_extension": ".dockerfile",
            "mimetype": "text/x-dockerfile",
            "name": "dockerfile",
            "nbconvert_exporter": "dockerfile",
            "pygments_lexer": "docker",
        },
    }
    if ours:
        metadata[NAMESPACE] = ours
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
