"""Cross-check with BuildKit's own parser, as the `dockerfile` package wraps it (Linux x86_64)."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings

from dockernb.dockerfile import Document, read_document
from dockernb.errors import DockerfileError

from .strategies import dockerfile_texts

go_parser = pytest.importorskip("dockerfile")

# The package holds a BuildKit from before 2024-07, which took `["a"] b` for JSON, and for which
# `# check=` was a comment.
TEXT_AFTER_JSON = re.compile(r"\][ \t\v\f\r]*\S")


@settings(max_examples=500, deadline=None)
@given(dockerfile_texts)
def test_nodes_are_those_of_the_go_parser(text: str) -> None:
    assume(not TEXT_AFTER_JSON.search(text) and "# check=" not in text)
    try:
        theirs = go_parser.parse_string(text)
    except go_parser.GoParseError as err:
        with pytest.raises(DockerfileError):
            refuse_empty(read_document(text), str(err))
        return
    assume(all(command.cmd for command in theirs))  # they lose what a lone "\\" makes
    ours = read_document(text)
    assert len(ours.nodes) == len(theirs)
    for node, command in zip(ours.nodes, theirs, strict=True):
        assert node.keyword.lower() == command.cmd.lower()
        assert (node.lines.start, node.lines.end) == (command.start_line, command.end_line)
        assert node.flags == tuple(command.flags)
        # Theirs has the heredocs' bodies as well.
        assert command.original.startswith(node.original)
        if node.is_known and not node.inner:
            assert node.json == command.json
            assert without_delimiters(node.name, node.args) == tuple(command.value)


def refuse_empty(document: Document, error: str) -> None:
    """A file without instructions is an error to Go; to us only where a whole file is due."""
    if not document.nodes and "no instructions" in error:
        raise DockerfileError(error)


def without_delimiters(name: str, args: tuple[str, ...]) -> tuple[str, ...]:
    if name not in {"ENV", "LABEL"}:
        return args
    return tuple(arg for number, arg in enumerate(args) if number % 3 != 2)


@pytest.mark.parametrize(("length", "is_accepted"), [(65_536, True), (65_537, False)])
def test_line_length_limit_is_that_of_go(length: int, is_accepted: bool) -> None:
    text = "RUN " + "a" * (length - 5) + "\n"
    assert (parses(text), go_parses(text)) == (is_accepted, is_accepted)


def parses(text: str) -> bool:
    try:
        read_document(text)
    except DockerfileError:
        return False
    return True


def go_parses(text: str) -> bool:
    try:
        go_parser.parse_string(text)
    except go_parser.GoParseError:
        return False
    return True
