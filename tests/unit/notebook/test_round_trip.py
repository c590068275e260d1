"""Import then export gives any Dockerfile back, character for character."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockernb.notebook.cells import notebook_text, parse_notebook
from dockernb.notebook.exporter import export_notebook
from dockernb.notebook.importer import import_dockerfile

VECTORS = Path(__file__).parents[2] / "data" / "vectors" / "parser_instructions.json"

LINES = st.sampled_from(
    [
        "FROM a", "RUN x", "RUN x \\", "RUN x `", "RUN <<E", "E", "COPY <<-'F' /f", "\tF", "# c",
        "#", "  # indented", "# escape=`", "# syntax=docker/dockerfile:1", "", " ", "\t",
        "%arg A=1", "%%shell", "ONBUILD RUN <<E", "\x0b", "\x0c", "\u2028", "ENV a=ü \\  ", "\x00",
    ]
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r\n", "\r", "\r\r\n"])
FILES = st.builds(
    lambda bom, lines, last: bom + "".join(line + end for line, end in lines) + last,
    st.sampled_from(["", "", "\ufeff"]),
    st.lists(st.tuples(LINES, ENDS), max_size=12),
    st.one_of(st.just(""), LINES),
)


def there_and_back(text: str) -> str:
    return export_notebook(parse_notebook(notebook_text(import_dockerfile(text))))


@given(FILES)
@example("\ufeff")
@example("\ufeff# escape=`\nRUN a `\n b\n")
@example("\n# escape=`\nRUN a `\n\nRUN b\n")
@example("RUN a \\")
@example("# only a comment")
def test_dockerfile_like_text_comes_back_exactly(text: str) -> None:
    assert there_and_back(text) == text


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back_exactly(text: str) -> None:
    assert there_and_back(text) == text


@given(FILES)
def test_imported_notebook_is_valid_and_its_sources_have_plain_line_ends(text: str) -> None:
    data = import_dockerfile(text)
    nbformat.validate(nbformat.reads(notebook_text(data), as_version=4))
    assert not any("\r\n" in cell["source"] for cell in data["cells"])


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("FROM a\r\nRUN b \\\r\n c\r\n", ["FROM a", "RUN b \\\n c"]),
        ("FROM a\r\nCOPY <<E /f\r\nx\r\nE\r\n", ["FROM a", "%crlf\nCOPY <<E /f\nx\nE"]),
        ("FROM a\nCOPY <<E /f\nx\r\nE\n", ["FROM a", "%crlf\nCOPY <<E /f\nx\nE"]),
        ("# escape=`\r\nRUN <<E `\r\n x\r\ny\r\nE", ["%crlf\n# escape=`\nRUN <<E `\n x\ny\nE"]),
        ("FROM a\nRUN printf 'x\ry'\r\n", ["FROM a", "RUN printf 'x\ry'"]),
    ],
)
def test_carriage_returns_are_in_the_cell_where_a_builder_sees_them(
    text: str, sources: list[str]
) -> None:
    assert [cell["source"] for cell in import_dockerfile(text)["cells"]] == sources
    assert there_and_back(text) == text


@given(FILES)
def test_import_gives_the_same_ids_each_time(text: str) -> None:
    assert import_dockerfile(text) == import_dockerfile(text)
    ids = [cell["id"] for cell in import_dockerfile(text)["cells"]]
    assert len(set(ids)) == len(ids)


@given(FILES)
def test_saving_in_jupyter_keeps_the_text(text: str) -> None:
    saved = nbformat.writes(nbformat.reads(notebook_text(import_dockerfile(text)), as_version=4))
    assert export_notebook(parse_notebook(saved)) == text


@pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not in tests/data/vectors")
def test_every_vector_comes_back_exactly() -> None:
    texts = [case["text"] for case in json.loads(VECTORS.read_text("utf-8"))]
    assert len(texts) > 600
    assert [text for text in texts if there_and_back(text) != text] == []
