"""BuildKit's parser and instruction layer, row by row."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dockernb.dockerfile import INSTRUCTION_NAMES, check_stages, parse_file, read_document
from dockernb.dockerfile.directives import detect_syntax
from dockernb.errors import DockerfileError, DockerfileSyntaxError, NoStageError

from .go_shapes import go_node, go_shape, go_stages
from .vectors import agreement, rows

_ON_LINE = re.compile(r"dockerfile parse error on line (\d+): ")
_SUGGESTION = re.compile(r" \(did you mean [^)]*\?\)$")


def expected_node(node: dict[str, Any]) -> dict[str, Any]:
    """BuildKit gives an unknown instruction one empty argument; inner nodes have no place."""
    args = [expected_node(arg) if isinstance(arg, dict) else arg for arg in node["args"]]
    if node["cmd"].upper() not in INSTRUCTION_NAMES:
        args = []
    return {**node, "args": args}


def without_inner_place(node: dict[str, Any]) -> dict[str, Any]:
    inner = [
        {**without_inner_place(arg), "start": 0, "end": 0, "heredocs": []}
        for arg in node["args"]
        if isinstance(arg, dict)
    ]
    return {**node, "args": inner or node["args"]}


def same_rule(ours: str, theirs: str) -> bool:
    """The first lines of two errors say the same: quotes, and who is suggested, do not count."""
    ours, theirs = (
        re.sub(r'[\\"]|(?<=instruction):', "", _SUGGESTION.sub("", text)) for text in (ours, theirs)
    )
    return ours.startswith(theirs)


def check_nodes(row: dict[str, Any]) -> None:
    document = read_document(row["text"])
    ours = [without_inner_place(go_node(node)) for node in document.nodes]
    assert ours == [expected_node(node) for node in row["nodes"]]
    assert [warning.message for warning in document.warnings] == row["warnings"]
    assert document.escape == row["escape"]
    assert detect_syntax(row["text"]) == row.get("syntax")


def check_error(row: dict[str, Any], wanted: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse_file(row["text"])
    error = caught.value
    line = _ON_LINE.match(wanted)
    assert same_rule(error.message, _ON_LINE.sub("", wanted))
    assert bool(_SUGGESTION.search(error.message)) == bool(_SUGGESTION.search(wanted))
    if line:
        assert error.where is not None
        assert error.where.line == int(line.group(1))
    assert isinstance(error, NoStageError) == ("no build stage" in wanted)
    assert error.hint


def check_instructions(row: dict[str, Any]) -> None:
    parsed = parse_file(row["text"])
    check_stages(parsed.instructions)
    wanted = [
        {
            **stage,
            "commands": [
                {key: value for key, value in command.items() if key != "FlagsUsed"}
                for command in stage["commands"]
            ],
        }
        for stage in row["stages"]
    ]
    assert go_stages(parsed.instructions) == wanted
    before_from = parsed.instructions[: len(row["meta"])]
    assert [go_shape(instruction) for instruction in before_from] == row["meta"]


def mount_errors(row: dict[str, Any]) -> list[str]:
    commands = [command for stage in row.get("stages", []) for command in stage["commands"]]
    return [command["expand_error"] for command in commands if "expand_error" in command]


@pytest.mark.parametrize("row", rows("parser_instructions"))
def test_parser_row(row: dict[str, Any]) -> None:
    with agreement(row):
        if "nodes" in row:
            check_nodes(row)
        wanted = row.get("error") or row.get("instr_error")
        if wanted:
            check_error(row, wanted)
        elif mount_errors(row):
            # BuildKit sees these when it puts in the variables; we see most of them on parsing.
            with pytest.raises(DockerfileSyntaxError) as caught:
                go_stages(parse_file(row["text"]).instructions)
            assert caught.value.message in mount_errors(row)
        else:
            check_instructions(row)
