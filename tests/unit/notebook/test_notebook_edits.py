"""What becomes which cell, and that an edit changes its own lines only."""

from __future__ import annotations

import copy
from typing import Any

from dockernb.notebook.cells import notebook_text, parse_notebook
from dockernb.notebook.exporter import export_notebook
from dockernb.notebook.importer import import_dockerfile

DOCKERFILE = """\
# syntax=docker/dockerfile:1

# Base
FROM debian
# why curl
RUN apt-get install \\
    # comment inside
    curl


## Second part
# more of it

ENV A=1
ENV B=2
COPY <<EOF /f

# not a comment
EOF
# the end
"""


def exported(data: dict[str, Any]) -> str:
    return export_notebook(parse_notebook(notebook_text(data)))


def sources(data: dict[str, Any], kind: str) -> list[str]:
    return [cell["source"] for cell in data["cells"] if cell["cell_type"] == kind]


def code(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}


def test_every_instruction_is_a_code_cell_with_the_comments_right_above_it() -> None:
    assert sources(import_dockerfile(DOCKERFILE), "code") == [
        "# syntax=docker/dockerfile:1\n\n# Base\nFROM debian",
        "# why curl\nRUN apt-get install \\\n    # comment inside\n    curl",
        "ENV A=1",
        "ENV B=2",
        "COPY <<EOF /f\n\n# not a comment\nEOF",
    ]


def test_comments_that_stand_alone_are_markdown_cells() -> None:
    assert sources(import_dockerfile(DOCKERFILE), "markdown") == [
        "# Second part\nmore of it",
        "the end",
    ]


def test_imported_notebook_names_our_kernel() -> None:
    metadata = import_dockerfile("FROM a\n")["metadata"]
    assert metadata["kernelspec"]["name"] == "dockernb"
    assert metadata["language_info"]["nbconvert_exporter"] == "dockerfile"
    assert "dockernb" not in metadata


def test_edited_cell_leaves_all_other_lines_as_they_were() -> None:
    data = import_dockerfile(DOCKERFILE.replace("\n", "\r\n"))
    data["cells"][3]["source"] = "ENV A=2 \\\n  C=3"
    expected = DOCKERFILE.replace("ENV A=1", "ENV A=2 \\\n  C=3").replace("\n", "\r\n")
    assert exported(data) == expected


def test_edited_comment_is_written_as_comment() -> None:
    data = import_dockerfile(DOCKERFILE)
    data["cells"][2]["source"] = "# Part two\n\nnew"
    old, new = "## Second part\n# more of it\n", "# # Part two\n#\n# new\n"
    assert exported(data) == DOCKERFILE.replace(old, new)


def test_added_cell_gets_one_blank_line_and_the_rest_stays() -> None:
    data = import_dockerfile(DOCKERFILE)
    data["cells"].insert(4, code("ENV NEW=1"))
    assert exported(data) == DOCKERFILE.replace("ENV A=1\n", "ENV A=1\n\nENV NEW=1\n")


def test_deleted_cell_takes_its_own_lines_only() -> None:
    data = import_dockerfile(DOCKERFILE)
    del data["cells"][4]
    assert exported(data) == DOCKERFILE.replace("ENV B=2\n", "")


def test_deleted_first_cell_leaves_no_blank_line_at_the_top() -> None:
    data = import_dockerfile("FROM a\n\n\nRUN b\n")
    del data["cells"][0]
    assert exported(data) == "RUN b\n"


def test_changed_instruction_changes_its_own_cell_id_only() -> None:
    before = [cell["id"] for cell in import_dockerfile(DOCKERFILE)["cells"]]
    after = [cell["id"] for cell in import_dockerfile(DOCKERFILE.replace("A=1", "A=2"))["cells"]]
    assert [a == b for a, b in zip(before, after, strict=True)].count(False) == 1


def test_markdown_written_by_hand_is_left_out() -> None:
    data = import_dockerfile("FROM a\n")
    data["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "# Lesson 1"})
    data["cells"].append({"cell_type": "raw", "metadata": {}, "source": "raw"})
    assert exported(data) == "FROM a\n"


def test_notebook_written_by_hand_has_one_blank_line_between_cells() -> None:
    data = {"cells": [code("FROM a\n"), code(""), code("%ls"), code("RUN b")], "metadata": {}}
    assert exported(copy.deepcopy(data)) == "FROM a\n\nRUN b\n"


def test_imported_line_with_percent_sign_is_not_taken_for_a_magic() -> None:
    assert exported(import_dockerfile("%arg A=1\nFROM a\n")) == "%arg A=1\nFROM a\n"
