from __future__ import annotations

import pytest

from dockernb.dockerfile import Completeness, is_complete


@pytest.mark.parametrize("text", ["RUN a", "RUN a \\\n b", "# remark", "", "RUN <<E\na\nE"])
def test_whole_instruction_is_complete(text: str) -> None:
    assert is_complete(text) == Completeness("complete")


@pytest.mark.parametrize("text", ["RUN a \\", "RUN a \\\n", "RUN a \\\n# c\n", "\\"])
def test_open_continuation_asks_for_an_indented_line(text: str) -> None:
    assert is_complete(text) == Completeness("incomplete", "    ")


@pytest.mark.parametrize("text", ["RUN <<E", "COPY <<A <<B /d/\nx\nA\n", "RUN <<E \\\n cat\n"])
def test_open_heredoc_asks_for_a_line_without_indent(text: str) -> None:
    assert is_complete(text) == Completeness("incomplete")


@pytest.mark.parametrize("text", ["RUM a", "FROM", "# escape=x", "ENV a"])
def test_what_parse_refuses_is_invalid(text: str) -> None:
    assert is_complete(text) == Completeness("invalid")


def test_escape_character_decides_what_continues() -> None:
    assert is_complete("RUN a `", escape="`").status == "incomplete"
    assert is_complete("RUN a \\", escape="`").status == "complete"
