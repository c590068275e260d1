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
                         editors in the browser know nothing else
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

from dockernb.dockerfile.export import export_source
from dockernb.dockerfile.split import Segment, split_instructions
from dockernb.notebook.cells import KERNEL_NAME, NAMESPACE

__all__ = ["editor_text", "import_dockerfile", "uncommented"]

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
    newline = _newline(text)
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
        cell = _code_cell(shown, newline) if block.kind == "code" else _markdown_cell(shown)
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


def _code_cell(text: str, newline: str) -> dict[str, Any]:
    source = editor_text(text)
    exported = export_source(source).replace("\n", newline)
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {} if exported == text else {NAMESPACE: {"exact": text}},
        "outputs": [],
        "source": source,
    }


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
