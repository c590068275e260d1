"""What a cell needs of the cells above it, and what it says when that is not there."""

from __future__ import annotations

import pytest

from dockernb.errors import (
    CellsNotRunError,
    DockerfileSyntaxError,
    InstructionFailedError,
    NoStageError,
    UnknownInstructionError,
)

from .notebooks import BASE, Bench, Notebook, parent, snapshot, statuses

pytestmark = pytest.mark.docker

FAILING = "RUN echo broken; exit 3"


@pytest.fixture
def broken(notebook: Notebook) -> Notebook:
    """A notebook whose first stage, "build", cannot be built."""
    notebook.run("first", f"{BASE} AS build")
    with pytest.raises(InstructionFailedError):
        notebook.run("bad", FAILING)
    return notebook


def refused(notebook: Notebook, cell: str, source: str | None = None) -> CellsNotRunError:
    """Runs a cell that must be refused."""
    with pytest.raises(CellsNotRunError) as caught:
        notebook.run(cell, source)
    return caught.value


# --- FROM needs no parent -------------------------------------------------------------------------
def test_from_runs_below_a_cell_that_failed_and_opens_a_stage(broken: Notebook) -> None:
    (base,) = broken.run("second", BASE)
    assert (base.stage, base.step) == ("1", 3)
    (result,) = broken.run("run", "RUN echo 1 > /one")
    assert result.snapshot is not None
    assert result.snapshot.parent == snapshot([base])
    assert broken.session.image_of().image_id == result.snapshot.id


def test_from_runs_below_cells_that_have_not_run(bench: Bench) -> None:
    notebook = bench.open()
    notebook.cells = {"a": f"{BASE} AS a", "b": "RUN echo never > /b", "c": BASE, "d": "ENV D=1"}
    (base,) = notebook.run("c")
    assert parent(notebook.run("d")) == snapshot([base])


def test_stage_that_is_used_must_have_run(broken: Notebook) -> None:
    broken.run("second", BASE)
    error = refused(broken, "copy", "COPY --from=build /etc/passwd /copied")
    assert error.message == "a cell above failed"
    assert error.cells == (f"cell 2: {FAILING}",)
    assert refused(broken, "copy", "COPY --from=0 /etc/passwd /copied").cells == error.cells
    broken.run("bad", "RUN echo healed > /healed")
    broken.run("copy", "COPY --from=build /healed /copied")
    assert statuses(broken.finished) == ["built"]


def test_from_a_stage_needs_its_cells(broken: Notebook) -> None:
    error = refused(broken, "second", "FROM build AS next")
    assert error.cells == (f"cell 2: {FAILING}",)
    error = refused(broken, "env", "ENV A=1")
    assert error.cells == (f"cell 2: {FAILING}", "cell 3: FROM build AS next")
    assert error.message == "2 cells above must run first"
    assert f"  cell 2: {FAILING} (failed)\n" in (error.hint or "")


def test_stage_keeps_its_number_while_the_one_above_is_broken(notebook: Notebook) -> None:
    notebook.cells = {"typo": "FROM busybox:latest AS\n", "a": f"{BASE} AS a", "b": BASE}
    notebook.run("a")
    notebook.run("b")
    assert notebook.session.scope("b").stages == ("0", "a", "2")


def test_args_before_from_are_needed_by_from(notebook: Notebook) -> None:
    with pytest.raises(DockerfileSyntaxError):
        notebook.run("arg", "ARG")
    assert refused(notebook, "from", "FROM busybox:${TAG:-latest}").cells == ("cell 1: ARG",)


def test_other_cell_above_the_first_from_is_not_needed_by_from(notebook: Notebook) -> None:
    with pytest.raises(NoStageError):
        notebook.run("early", "RUN echo too early")
    assert statuses(notebook.run("from", BASE))
    assert statuses(notebook.run("env", "ENV A=1")) == ["built"]


def test_removed_snapshot_below_a_broken_stage_is_made_again(
    bench: Bench, broken: Notebook
) -> None:
    broken.run("second", BASE)
    made = broken.run("run", "RUN echo gone > /gone")
    bench.remove_image(snapshot(made))
    (result,) = broken.run("next", "RUN cat /gone")
    assert result.log.text == "gone\n"
    assert [each.cell_id for each in broken.finished] == ["run", "next"]


# --- what is told, and first ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "error"), [("RUM echo", UnknownInstructionError), ("ENV", DockerfileSyntaxError)]
)
def test_wrong_text_is_told_before_cells_that_have_not_run(
    notebook: Notebook, text: str, error: type[Exception]
) -> None:
    notebook.cells = {"from": BASE, "one": f"RUN echo {text}"}
    with pytest.raises(error):
        notebook.run("two", text)
    assert not notebook.events


@pytest.mark.parametrize("edited", ["RUN exit 4", "ENV"])
def test_reason_is_the_true_one(broken: Notebook, edited: str) -> None:
    assert refused(broken, "next", "ENV A=1").message == "a cell above failed"
    broken.cells["bad"] = edited
    assert refused(broken, "next").message == "a cell above has changed since it ran"


def test_cells_that_never_ran_are_said_so(notebook: Notebook) -> None:
    notebook.cells = {"from": BASE, "one": "RUN echo not run yet"}
    notebook.run("from")
    assert refused(notebook, "two", "ENV A=1").message == "a cell above has not run"


def test_edited_cell_above_that_was_not_run_again_refuses_the_cells_below(
    notebook: Notebook,
) -> None:
    notebook.run_all({"from": BASE, "one": "RUN echo 1 > /1", "two": "RUN cat /1"})
    notebook.cells["from"] = "FROM debian:bookworm-slim"
    error = refused(notebook, "two")
    assert error.cells == ("cell 1: FROM debian:bookworm-slim", "cell 2: RUN echo 1 > /1")
    assert "cell 2: RUN echo 1 > /1 (is stale)" in (error.hint or "")
    assert not notebook.events
    results = notebook.run_all()
    assert parent(results) == snapshot(results[:2])
