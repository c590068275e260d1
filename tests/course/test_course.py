"""Every notebook runs from its first to its last cell, one after the other, on each engine."""

from __future__ import annotations

import pytest

from .conftest import Student
from .notebooks import COURSE, cards, code_cells, is_meant_to_fail

pytestmark = [pytest.mark.docker, pytest.mark.embedded, pytest.mark.slow]


@pytest.mark.parametrize("name", [path.name for path in COURSE])
def test_notebook_runs_from_the_first_to_the_last_cell(student: Student, name: str) -> None:
    notebook = student.run(name)  # a cell that is not meant to fail ends it with an error
    for cell in code_cells(notebook):
        failed = [output for output in cell.outputs if output.output_type == "error"]
        assert bool(failed) == is_meant_to_fail(cell), cell.source
        assert cards(cell) or cell.source.startswith(("%", "#")), cell.source
