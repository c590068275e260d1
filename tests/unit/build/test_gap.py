"""States in which the result of a cell is missing."""

from __future__ import annotations

import pytest

from dockernb.build.gap import check_needs, state_without
from dockernb.build.state import BuildState
from dockernb.dockerfile.parse import parse
from dockernb.errors import CellsNotRunError, MissingCell

from .building import stage

ENV = MissingCell(1, "cell 2: ENV", "failed")
ARG = MissingCell(0, "cell 1: ARG", "failed", declares_arg=True)
IN_STAGE = BuildState(stages=(stage("one"),), begun=True)


def needed(text: str, state: BuildState) -> tuple[str, ...]:
    """What an instruction is told to wait for."""
    try:
        check_needs(parse(text), state)
    except CellsNotRunError as error:
        return error.cells
    return ()


def test_instruction_needs_the_cells_of_its_stage_and_from_does_not() -> None:
    state = state_without(ENV, "ENV A=1", IN_STAGE)
    assert needed("RUN true", state) == needed("ARG A", state) == (ENV.label,)
    assert needed("FROM x", state) == ()
    assert needed("FROM x\nRUN true", state) == ()


@pytest.mark.parametrize("text", ["FROM a AS two", "FROM a AS TWO\nRUM x", "from a as two\nENV"])
def test_cell_with_from_leaves_a_stage_that_cannot_be_used(text: str) -> None:
    state = state_without(ENV, text, IN_STAGE)
    assert [each.label for each in state.stages] == ["one", "two"]
    assert state.find_stage("one") is not None
    for name in ("two", "1"):
        with pytest.raises(CellsNotRunError):
            state.find_stage(name)


def test_cell_with_two_stages_leaves_both() -> None:
    state = state_without(ENV, "RUN false\nFROM x\nFROM y AS y", IN_STAGE)
    assert [bool(each.missing) for each in state.stages] == [True, True, True]
    assert [each.label for each in state.stages] == ["one", "1", "y"]


def test_only_arg_is_needed_before_the_first_from() -> None:
    state = state_without(ENV, "ENV A=1", BuildState())
    assert needed("FROM x", state) == needed("ARG A", state) == ()
    assert needed("RUN x", state) == (ENV.label,)
    state = state_without(ARG, "ARG", state)
    assert needed("FROM x", state) == needed("ARG A", state) == (ARG.label,)


def test_needs_of_a_missing_cell_are_named_with_it_in_the_order_of_the_notebook() -> None:
    third = MissingCell(2, "cell 3: FROM one", "has not run")
    state = state_without(third, "FROM one", IN_STAGE, (ENV, ARG))
    assert needed("RUN x", state) == (ARG.label, ENV.label, third.label)


def test_state_without_a_cell_is_not_the_state_before_it() -> None:
    state = state_without(ENV, "ENV A=1", IN_STAGE)
    assert state.token != IN_STAGE.token
    assert state.step == IN_STAGE.step + 1


def test_escape_character_of_a_missing_first_cell_counts() -> None:
    assert state_without(ENV, "# escape=`\nFROM x", BuildState()).escape == "`"


@pytest.mark.parametrize(
    ("reasons", "message"),
    [
        (["failed"], "a cell above failed"),
        (["has not run"], "a cell above has not run"),
        (["has not run"] * 2, "2 cells above have not run"),
        (["failed"] * 2, "2 cells above failed"),
        (["was interrupted"] * 2, "2 cells above were interrupted"),
        (["failed", "has not run"], "2 cells above must run first"),
    ],
)
def test_message_says_what_is_true_of_all(reasons: list[str], message: str) -> None:
    missing = [MissingCell(number, f"cell {number}", text) for number, text in enumerate(reasons)]
    assert CellsNotRunError(missing).message == message
