"""Notebook files are read as they come, and refused with a reason."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import nbformat
import pytest

from dockernb.errors import NotebookError
from dockernb.notebook.cells import (
    check_kernel,
    notebook_text,
    parse_notebook,
    read_notebook,
    read_text,
    write_text,
)


def notebook(**metadata: Any) -> str:
    return json.dumps({"cells": [], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def test_source_may_be_a_list_of_lines_and_ids_may_be_missing() -> None:
    data = {"cells": [{"cell_type": "code", "source": ["FROM a\n", "# b"]}]}
    (cell,) = parse_notebook(json.dumps(data)).cells
    assert (cell.id, cell.source) == ("cell-0", "FROM a\n# b")


def test_cells_with_the_same_id_are_told_apart() -> None:
    data = {"cells": [{"id": "a", "source": ""}, {"id": "a", "source": ""}]}
    assert [cell.id for cell in parse_notebook(json.dumps(data)).cells] == ["a", "a-1"]


def test_notebook_of_format_3_is_converted() -> None:
    cell = {"cell_type": "code", "input": "FROM a", "language": "dockerfile", "outputs": []}
    old = {"worksheets": [{"cells": [cell]}], "nbformat": 3, "nbformat_minor": 0, "metadata": {}}
    read = parse_notebook(json.dumps(old))
    assert [cell.source for cell in read.code_cells] == ["FROM a"]
    nbformat.validate(nbformat.from_dict(read.data))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', "not json"])
def test_what_is_no_notebook_is_named(text: str) -> None:
    with pytest.raises(NotebookError, match=r'"x.ipynb" is no notebook'):
        parse_notebook(text, name="x.ipynb")


def test_dockerfile_in_the_place_of_a_notebook_is_recognised() -> None:
    with pytest.raises(NotebookError) as caught:
        parse_notebook("FROM debian\n", name="Dockerfile")
    assert caught.value.hint is not None
    assert "dockernb import Dockerfile" in caught.value.hint


def test_missing_file_is_a_notebook_error(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="No such file"):
        read_notebook(tmp_path / "no.ipynb")


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM a\n# caf\xe9\n")
    with pytest.raises(NotebookError, match="byte 0xe9 in line 2"):
        read_text(path)


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"name": "dockernb"}},
        {"kernelspec": {"name": "mine", "language": "dockerfile"}},
        {"language_info": {"name": "dockerfile"}},
    ],
)
def test_dockerfile_notebooks_pass(metadata: dict[str, Any]) -> None:
    check_kernel(parse_notebook(notebook(**metadata)))


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "python3", "language": "python"}},
        {"kernelspec": {"name": "python3"}},
        {"language_info": {"name": "python"}},
    ],
)
def test_notebooks_of_other_kernels_are_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(NotebookError, match="is a notebook of the kernel"):
        check_kernel(parse_notebook(notebook(**metadata)))


def test_write_replaces_the_file_and_keeps_its_mode_and_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new\r\n")
    assert real.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_write_into_a_missing_folder_is_a_notebook_error(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match="cannot write"):
        write_text(tmp_path / "no" / "file", "x")


def test_half_a_surrogate_pair_survives_in_a_notebook() -> None:
    data = json.loads('{"cells": [{"cell_type": "code", "source": "\\ud800"}]}')
    assert json.loads(notebook_text(data)) == data
