"""Cells become a Dockerfile that means what the cells mean one by one."""

from __future__ import annotations

import pytest

from dockernb.dockerfile.export import export_sources


def test_one_blank_line_stands_between_cells_and_a_line_end_at_the_end() -> None:
    assert export_sources(["FROM a\n", "RUN b"]) == "FROM a\n\nRUN b\n"


def test_no_cells_give_no_text() -> None:
    assert export_sources([]) == ""
    assert export_sources(["", "  \n", "%help", "%%shell\nls"]) == ""


def test_magics_never_reach_the_dockerfile() -> None:
    cells = ["%engine docker", "%arg V=1\nARG V=2", "%%run\nRUN no", "FROM a:$V"]
    assert export_sources(cells) == "ARG V=2\n\nFROM a:$V\n"


@pytest.mark.parametrize(
    ("cell", "closed"),
    [
        ("RUN a \\", "RUN a"),
        ("RUN a && \\\n  b \\  \n", "RUN a && \\\n  b"),
        ("RUN a \\\n# comment", "RUN a\n# comment"),
        ("RUN a \\\\", "RUN a \\\\"),
    ],
)
def test_open_instruction_does_not_swallow_the_next_cell(cell: str, closed: str) -> None:
    assert export_sources([cell, "RUN z"]) == f"{closed}\n\nRUN z\n"


def test_open_instruction_is_closed_with_the_escape_character_in_force() -> None:
    cells = ["# escape=`\nFROM a", "RUN dir `", "RUN c:\\"]
    assert export_sources([*cells, "RUN z"]) == (
        "# escape=`\nFROM a\n\nRUN dir\n\nRUN c:\\\n\nRUN z\n"
    )


def test_last_open_instruction_is_left_as_it_is() -> None:
    assert export_sources(["FROM a", "RUN b \\"]) == "FROM a\n\nRUN b \\\n"
