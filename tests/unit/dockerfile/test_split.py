from __future__ import annotations

import json

from hypothesis import given, settings

from dockernb.dockerfile import Lines, parse_document, split_instructions
from dockernb.errors import DockerfileError

from .strategies import any_texts
from .vectors import FOLDER

FILE = """\
# syntax=docker/dockerfile:1
# escape=\\

# the base
# of all
FROM debian AS base\r
RUN apt-get update && \\
    # why curl
    apt-get install curl \\

    jq
\tCOPY <<EOF /a
# not a comment
EOF
CMD ["a"]"""


@settings(max_examples=200, deadline=None)
@given(any_texts)
def test_joined_segments_give_the_text_back(text: str) -> None:
    segments = split_instructions(text)
    assert "".join(segment.text for segment in segments) == text


@settings(max_examples=200, deadline=None)
@given(any_texts)
def test_segments_of_what_parses_are_its_instructions(text: str) -> None:
    try:
        parsed = parse_document(text)
    except DockerfileError:
        return
    segments = [part for part in split_instructions(text) if part.kind == "instruction"]
    assert [part.lines for part in segments] == [found.lines for found in parsed.instructions]


def test_every_vector_is_given_back() -> None:
    for row in json.loads((FOLDER / "parser_instructions.json").read_text("utf-8")):
        segments = split_instructions(row["text"])
        assert "".join(segment.text for segment in segments) == row["text"], row["id"]


def test_segments_have_kind_and_lines() -> None:
    found = [(part.kind, part.lines.start, part.lines.end) for part in split_instructions(FILE)]
    assert found == [
        ("directive", 1, 1),
        ("directive", 2, 2),
        ("blank", 3, 3),
        ("comment", 4, 5),
        ("instruction", 6, 6),
        ("instruction", 7, 11),
        ("instruction", 12, 14),
        ("instruction", 15, 15),
    ]


def test_unknown_instruction_is_a_segment_like_any_other() -> None:
    assert [part.text for part in split_instructions("RUM a\nRUN b\n")] == ["RUM a\n", "RUN b\n"]


def test_rest_after_an_open_heredoc_is_one_segment() -> None:
    segments = split_instructions("RUN a\nRUN <<EOF\nb\nCMD c\n")
    assert [part.text for part in segments] == ["RUN a\n", "RUN <<EOF\nb\nCMD c\n"]
    assert segments[-1].kind == "instruction"
    assert segments[-1].lines == Lines(2, 4)


def test_directives_of_a_later_cell_are_comments() -> None:
    assert [part.kind for part in split_instructions("# escape=`\n", escape="\\")] == ["comment"]
