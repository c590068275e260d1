"""The chain of cells: their order, and which executions still count."""

from __future__ import annotations

import pytest

from dockernb.build.chain import CellChain, CellRecord, Failure
from dockernb.build.state import BuildState

from .building import stage


def state(image: str) -> BuildState:
    return BuildState(stages=(stage(image_id=image),))


def record(cell: str, before: BuildState, after: BuildState, *, taken: bool = False) -> CellRecord:
    return CellRecord(cell, f"ENV {cell}=1", before, after, taken=taken)


def ran(chain: CellChain, *cells: str) -> None:
    """The cells run in this order, each on the one above it."""
    for cell in cells:
        chain.arrange(None, cell)
        chain.keep(record(cell, chain.newest_state(), state(cell)))


@pytest.fixture
def chain() -> CellChain:
    chain = CellChain()
    ran(chain, "a", "b", "c")
    return chain


def test_order_is_that_of_execution_until_it_is_known() -> None:
    chain = CellChain()
    ran(chain, "b", "a")
    assert chain.above("a") == ["b"]
    chain.arrange(["a", "b", "c"], "c")
    assert chain.above("c") == ["a", "b"]


def test_new_cell_goes_below_the_one_that_ran_last(chain: CellChain) -> None:
    chain.keep(record("a", BuildState(), state("a2")))
    chain.arrange(None, "new")
    assert chain.above("new") == ["a"]
    assert chain.above("b") == ["a", "new"]


def test_cell_that_runs_again_keeps_its_place(chain: CellChain) -> None:
    chain.arrange(None, "b")
    assert chain.above("b") == ["a"]


def test_cell_taken_from_the_cache_is_not_the_one_that_ran_last(chain: CellChain) -> None:
    chain.keep(record("a", BuildState(), state("a"), taken=True))
    assert chain.last == "c"


def test_cell_that_the_order_does_not_have_goes_below_the_last(chain: CellChain) -> None:
    chain.arrange(["a", "c", "b"], "unsaved")
    assert chain.above("unsaved") == ["a", "c"]


def test_id_that_stands_twice_counts_once(chain: CellChain) -> None:
    chain.arrange(["a", "b", "a", "c"], "c")
    assert chain.above("c") == ["a", "b"]


def test_records_are_in_the_order_of_the_notebook(chain: CellChain) -> None:
    chain.arrange(["c", "x", "a"], "a")
    assert [each.cell_id for each in chain.records()] == ["c", "a"]


def test_newest_state_is_that_of_the_last_cell(chain: CellChain) -> None:
    assert chain.newest_state() == state("c")
    assert CellChain().newest_state() == BuildState()


def test_cells_below_an_edited_one_do_not_count(chain: CellChain) -> None:
    chain.keep(record("b", state("a"), state("b2")))
    assert chain.newest_state() == state("b2")
    chain.keep(record("c", state("b2"), state("c2")))
    assert chain.newest_state() == state("c2")


def test_cells_below_a_failed_or_deleted_one_do_not_count(chain: CellChain) -> None:
    chain.forget("b")
    assert chain.newest_state() == state("a")
    assert chain.above("c") == ["a", "b"]
    chain.drop(["a", "never seen"])
    assert chain.newest_state() == BuildState()
    assert chain.above("c") == ["b"]


def test_after_the_last_cell_was_deleted_a_new_one_goes_to_the_end(chain: CellChain) -> None:
    chain.drop(["c"])
    assert chain.last is None
    chain.arrange(None, "d")
    assert chain.above("d") == ["a", "b"]


def test_clear_forgets_everything(chain: CellChain) -> None:
    chain.clear()
    assert (chain.records(), chain.last, chain.record("a")) == ([], None, None)


def test_cells_below_a_gap_count_if_they_were_built_without_it(chain: CellChain) -> None:
    chain.fail("b", Failure("ENV", "failed"))
    broken = BuildState(stages=(stage(image_id=""),))
    chain.keep_gap(record("b", state("a"), broken))
    assert chain.newest_state() == state("a")
    chain.keep(record("c", broken, state("c2")))
    assert chain.newest_state() == state("c2")
    chain.keep(record("b", state("a"), state("b")))
    assert chain.newest_state() == state("b"), "the cell below must run again"


def test_failure_is_known_until_the_cell_runs_again(chain: CellChain) -> None:
    chain.fail("b", Failure("ENV", "failed"))
    assert (chain.record("b"), chain.failure("b")) == (None, Failure("ENV", "failed"))
    chain.keep(record("b", state("a"), state("b")))
    assert chain.failure("b") is None


# --- back and forth -------------------------------------------------------------------------------
def test_undo_brings_back_what_each_cell_was_before_its_newest_execution(chain: CellChain) -> None:
    chain.begin("b")
    chain.fail("b", Failure("ENV b=2", "failed"))
    chain.begin("c")
    chain.keep(record("c", state("b"), state("new")))
    chain.undo()
    found = chain.record("c")
    assert found is not None
    assert found.after == state("c")
    before = chain.undo()
    assert before is not None
    assert before.cell_id == "b"
    assert chain.failure("b") is None
    assert chain.newest_state() == state("c")
    assert chain.undo() is None


def test_execution_that_gave_what_was_there_is_not_one_to_take_back(chain: CellChain) -> None:
    chain.begin("b")
    chain.keep(record("b", state("a"), state("b2")))
    for _ in range(3):  # from the cache
        chain.begin("b")
        chain.keep(record("b", state("a"), state("b2")))
    before = chain.undo()
    assert before is not None
    assert before.record is not None
    assert before.record.after == state("b")
    assert chain.undo() is None


def test_cell_that_is_stood_at_is_the_newest_until_a_cell_runs(chain: CellChain) -> None:
    chain.stand("a")
    assert chain.newest_state() == state("a")
    chain.arrange(None, "next")
    assert chain.above("next") == ["a"]
    chain.keep(record("next", state("a"), state("next")))
    assert chain.newest_state() == state("next")
