"""`--target` runs the cells that the stage needs, and no others."""

from __future__ import annotations

import pytest

from dockernb.errors import StageNotFoundError
from dockernb.notebook.target import cells_for_target

CELLS = [
    "ARG V=1",  # 0
    "FROM a:$V AS base",  # 1
    "RUN base",  # 2
    "FROM b AS tools",  # 3
    "RUN tools",  # 4
    "FROM c AS unused",  # 5
    "FROM base AS final",  # 6
    "COPY --from=Tools /x /x",  # 7
    "FROM final AS after",  # 8
]


@pytest.mark.parametrize(
    ("target", "cells"),
    [
        ("base", [0, 1, 2]),
        ("tools", [0, 3, 4]),
        ("FINAL", [0, 1, 2, 3, 4, 6, 7]),
        ("1", [0, 3, 4]),
        ("after", [0, 1, 2, 3, 4, 6, 7, 8]),
    ],
)
def test_only_needed_stages_are_taken(target: str, cells: list[int]) -> None:
    assert cells_for_target(CELLS, target) == cells


def test_unknown_target_names_the_stages() -> None:
    with pytest.raises(StageNotFoundError, match='"nope"') as caught:
        cells_for_target(CELLS, "nope")
    assert caught.value.hint == "stages of the notebook: base, tools, unused, final, after"


def test_mounts_from_a_stage_count() -> None:
    cells = ["FROM a AS x", "FROM b", "RUN --mount=type=bind,from=x,target=/x ls"]
    assert cells_for_target(cells, "1") == [0, 1, 2]


def test_reference_by_number_keeps_all_stages_above_it() -> None:
    cells = ["FROM a", "FROM b", "FROM c", "COPY --from=1 /x /x"]
    assert cells_for_target(cells, "2") == [0, 1, 2, 3]


def test_image_with_a_stage_like_name_below_is_no_reference() -> None:
    cells = ["FROM later AS first", "FROM b AS later"]
    assert cells_for_target(cells, "first") == [0]


def test_cell_with_several_stages_counts_for_each() -> None:
    cells = ["FROM a AS x\nRUN 1\nFROM b AS y", "RUN 2", "FROM x"]
    assert cells_for_target(cells, "x") == [0]
    assert cells_for_target(cells, "y") == [0, 1]


def test_magics_and_escape_directive_are_understood() -> None:
    cells = ["%arg A=1\n# escape=`\nFROM a AS x", "RUN c:\\", "%%shell\nFROM no", "FROM b AS y"]
    assert cells_for_target(cells, "y") == [3]
    assert cells_for_target(cells, "x") == [0, 1, 2]
