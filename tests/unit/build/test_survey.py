"""The state of every cell, for each way in which a reader changes a notebook."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dockernb.build.cells_above import args_of
from dockernb.build.chain import CellChain, CellRecord, Failure
from dockernb.build.context import BuildContext
from dockernb.build.context_read import ContextRead
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import collect_from_context
from dockernb.build.freshness import Freshness
from dockernb.build.gap import state_without
from dockernb.build.state import BuildState, Stage
from dockernb.build.survey import setting_lines, survey
from dockernb.dockerfile.instructions import ArgInstruction, FromInstruction
from dockernb.dockerfile.magics import without_magics
from dockernb.dockerfile.parse import parse
from dockernb.errors import MissingCell
from dockernb.oci.config import ImageConfig


class Desk:
    """A notebook whose cells "run" without an engine: a snapshot is named by how it came about."""

    def __init__(self, *cells: str) -> None:
        self.cells = dict(zip("abcdefghij", cells, strict=False))
        self.chain = CellChain()
        self.build_args: dict[str, str] = {}
        self.settings_ran: dict[str, tuple[str, ...]] = {}
        self.reads: dict[str, tuple[ContextRead, ...]] = {}
        self.context: BuildContext | None = None
        self.run_all()

    def run_all(self) -> None:
        for cell in self.cells:
            self.run(cell)

    def run(self, cell: str) -> None:
        """Runs a cell on what the cells above made."""
        above, last = BuildState(), ""
        for other, text in self.cells.items():
            if other == cell:
                break
            record = self.chain.record(other)
            if record is not None:
                judged = Freshness(self.build_args, self.changed).judge(record, text, above)
                above, last = judged if isinstance(judged, BuildState) else record.after, other
            elif without_magics(text):
                gap = MissingCell(0, other, "has not run")
                above, last = state_without(gap, text, above), other
        self.settings_ran[cell] = setting_lines(self.cells[cell])
        source = without_magics(self.cells[cell]) or ""
        if not source:
            return
        after = self.after(source, above)
        args = args_of(above, after, self.build_args)
        reads = self.reads.get(cell, ())
        record = CellRecord(cell, source, above, after, args, reads=reads, above=last)
        self.chain.arrange(list(self.cells), cell)
        self.chain.keep(record)

    def after(self, source: str, state: BuildState) -> BuildState:
        state = replace(state, begun=True)
        for instruction in parse(source):
            state = replace(state, step=state.step + 1)
            if isinstance(instruction, FromInstruction):
                named = state.find_stage(instruction.image)
                image = f"({named.image_id if named else instruction.image})"
                stage = Stage(instruction.stage_name, len(state.stages), image, ImageConfig())
                state = replace(state, stages=(*state.stages, stage))
                continue
            used = list(getattr(instruction, "args", ()))
            if isinstance(instruction, ArgInstruction) and state.stage is None:
                state = replace(state, global_args=(*state.global_args, *used))
                continue
            assert state.stage is not None
            values = [self.build_args.get(arg.key, arg.value) for arg in used]
            image = f"{state.stage.image_id}+{instruction.original}{values or ''}"
            args = (*state.stage.args, *used)
            state = state.with_stage(replace(state.stage, image_id=image, args=args))
        return state

    def changed(self, record: CellRecord) -> tuple[str, ...]:
        assert self.context is not None or not record.reads
        return tuple(text for read in record.reads for text in read.changes(self.context))  # type: ignore[arg-type]

    def states(self) -> list[str]:
        found = survey(
            list(self.cells.items()),
            self.chain,
            Freshness(self.build_args, self.changed),
            self.settings_ran,
        )
        return [f"{cell.condition}: {cell.reason}".removesuffix(": ") for cell in found]

    def uses(self) -> list[tuple[int, tuple[int, ...]]]:
        """For each cell its stage, and the stages that it names."""
        found = survey(list(self.cells.items()), self.chain, Freshness({}, self.changed), {})
        return [(cell.stage_index, cell.uses) for cell in found]

    def order(self, cells: str) -> None:
        self.cells = {cell: self.cells[cell] for cell in cells}


@pytest.fixture
def desk() -> Desk:
    return Desk("FROM x", "RUN one", "RUN two")


def test_cells_that_ran_in_order_are_built(desk: Desk) -> None:
    assert desk.states() == ["built"] * 3


def test_edited_cell_and_those_below_are_stale_until_it_is_edited_back(desk: Desk) -> None:
    desk.cells["b"] = "RUN other"
    assert desk.states() == [
        "built",
        "stale: edited since it ran",
        "stale: cell 2 above is stale: edited since it ran",
    ]
    desk.cells["b"] = "RUN one  "
    assert desk.states() == ["built"] * 3


def test_edited_cell_that_was_run_leaves_the_one_below_stale(desk: Desk) -> None:
    desk.cells["b"] = "RUN other"
    desk.run("b")
    assert desk.states() == ["built", "built", "stale: cell 2 was run again"]
    desk.cells["b"] = "RUN one"
    desk.run("b")
    assert desk.states() == ["built"] * 3


def test_inserted_cell(desk: Desk) -> None:
    desk.cells["n"] = "RUN new"
    desk.order("anbc")
    below = "stale: cell 2 above has not run"
    assert desk.states() == ["built", "not run: has not run", below, below]
    desk.run("n")
    assert desk.states()[2] == "stale: it was built on cell 1; now cell 2 is above it"
    desk.cells["n"] = "# only a comment"
    assert desk.states() == ["built", "None", "built", "built"]


def test_moved_cell_is_stale_and_so_is_what_it_left_until_it_is_moved_back(desk: Desk) -> None:
    desk.order("acb")
    assert desk.states() == [
        "built",
        "stale: it was built on cell 3; now cell 1 is above it",
        "stale: cell 2 above is stale: it was built on cell 3; now cell 1 is above it",
    ]
    desk.order("abc")
    assert desk.states() == ["built"] * 3


def test_copied_cell_has_not_run_and_the_original_stays(desk: Desk) -> None:
    desk.cells["n"] = desk.cells["b"]
    assert desk.states() == ["built"] * 3 + ["not run: has not run"]


@pytest.mark.parametrize("order", ["anbc", "abnc"])  # JupyterLab leaves the lower half its ID
def test_half_of_a_split_cell_that_keeps_the_id_is_stale_and_the_other_one_new(order: str) -> None:
    desk = Desk("FROM x", "RUN one\nRUN two", "RUN three")
    desk.cells |= {order[1]: "RUN one", order[2]: "RUN two"}
    desk.order(order)
    states = dict(zip(order, desk.states(), strict=True))
    assert states["b"] == "stale: edited since it ran"
    assert states["n"] == "not run: has not run"


def test_merged_cells_are_one_edited_cell(desk: Desk) -> None:
    desk.cells["b"] = "RUN one\nRUN two"
    desk.order("ab")
    assert desk.states() == ["built", "stale: edited since it ran"]


def test_deleted_cell_makes_the_one_below_stale_until_the_deletion_is_undone(desk: Desk) -> None:
    text = desk.cells.pop("b")
    assert desk.states() == ["built", "stale: the cell that it was built on is gone"]
    desk.cells["b"] = text
    desk.order("abc")
    assert desk.states() == ["built"] * 3


def test_cell_that_failed_says_so_and_stops_those_below(desk: Desk) -> None:
    desk.chain.fail("b", Failure("RUN one", "failed"))
    assert desk.states()[1:] == ["failed: failed", "stale: cell 2 above failed"]
    desk.cells["b"] = "RUN better"
    assert desk.states()[1] == "failed: failed, and was edited since"


def test_cells_of_another_stage_do_not_care() -> None:
    desk = Desk("FROM x AS one", "RUN 1", "FROM y", "RUN 2", "COPY --from=one /a /a", "RUN 3")
    desk.cells["b"] = "RUN other"
    gone = "stale: cell 2 above is stale: edited since it ran"
    assert desk.states()[2:] == ["built", "built", gone, f"stale: cell 5 above is {gone}"]
    desk.run("b")
    assert desk.states()[:4] == ["built"] * 4
    assert desk.states()[4] == "stale: stage one changed"
    desk.run("e")
    desk.run("f")
    assert desk.states() == ["built"] * 6


def test_stage_put_above_does_not_make_the_others_stale_but_those_that_count_stages() -> None:
    desk = Desk("FROM x", "RUN 1", "FROM y", "COPY --from=0 /a /a")
    desk.cells |= {"n": "FROM z"}
    desk.order("nabcd")
    desk.run("n")
    assert desk.states()[:4] == ["built"] * 4
    assert desk.states()[4].startswith("stale")


def test_build_arg_makes_the_cell_stale_that_declares_it_and_those_below_in_its_stage() -> None:
    desk = Desk("FROM x", "RUN 0", "ARG V=1", "RUN 1", "FROM y", "RUN 2")
    desk.build_args["V"] = "2"
    reason = "ARG V: (default) -> 2"
    assert desk.states()[1:4] == [
        "built",
        f"stale: {reason}",
        f"stale: cell 3 above is stale: {reason}",
    ]
    assert desk.states()[4:] == ["built", "built"]
    del desk.build_args["V"]
    assert desk.states() == ["built"] * 6


def test_arg_before_from_counts_for_all_stages_below() -> None:
    desk = Desk("ARG TAG=1", "FROM x:$TAG", "RUN 1")
    desk.build_args["TAG"] = "2"
    assert desk.states()[0] == "stale: ARG TAG: (default) -> 2"
    assert desk.states()[1].startswith("stale: cell 1 above")


def test_magic_that_was_edited_and_not_run_makes_the_cells_stale_that_it_is_for() -> None:
    desk = Desk("%arg V=1", "FROM x", "ARG V", "ARG W", "FROM y")
    desk.cells["a"] = "%arg V=2"
    assert desk.states()[:3] == [
        "stale: edited since it ran",
        "built",
        "stale: %arg V=1 in cell 1 was taken out but still counts",
    ]
    assert desk.states()[4] == "built"
    desk.run("a")
    assert desk.states()[:3] == ["built", "built", "built"]
    desk.cells["n"] = "%arg V=3"
    desk.order("nabcde")
    assert desk.states()[0] == "not run: has not run"
    assert desk.states()[3] == "stale: %arg V=3 in cell 1 has not run"


def test_copied_file_that_changed_is_named(tmp_path: Path) -> None:
    desk = Desk("FROM x", "COPY app /app", "RUN 1")
    (tmp_path / "app").mkdir()
    for name in ("main.py", "old.py"):
        (tmp_path / "app" / name).write_text(name)
    desk.context = BuildContext(tmp_path)
    request = CopyRequest(("app",), "/app")
    read = ContextRead(request, collect_from_context(request, desk.context).content)
    assert read.folders == {"app"}
    desk.reads["b"] = (read,)
    desk.run_all()
    assert desk.states() == ["built"] * 3
    (tmp_path / "app" / "main.py").write_text("other")
    (tmp_path / "app" / "new.py").write_text("")
    (tmp_path / "app" / "old.py").unlink()
    (tmp_path / "README").write_text("nobody copies it")
    reason = "app/main.py changed; app/new.py added; app/old.py removed"
    assert desk.states()[1:] == [f"stale: {reason}", f"stale: cell 2 above is stale: {reason}"]
    (tmp_path / ".dockerignore").write_text("app/*\n")
    assert "app/main.py removed" in desk.states()[1]
    (tmp_path / ".dockerignore").unlink()
    (tmp_path / "app" / "main.py").write_text("main.py")
    (tmp_path / "app" / "new.py").unlink()
    (tmp_path / "app" / "old.py").write_text("old.py")
    assert desk.states() == ["built"] * 3


def test_another_build_context_is_named_and_not_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monday, tuesday, same = (tmp_path / name for name in ("monday", "tuesday", "same"))
    for folder, menu in ((monday, "soup"), (tuesday, "stew"), (same, "soup")):
        folder.mkdir()
        (folder / "menu.txt").write_text(menu)
    desk = Desk("FROM x", "COPY menu.txt /menu", "RUN 1")
    desk.context = BuildContext(monday)
    request = CopyRequest(("menu.txt",), "/menu")
    content = collect_from_context(request, desk.context).content
    desk.reads["b"] = (ContextRead(request, content, root=monday),)
    desk.run_all()
    desk.context = BuildContext(tuesday)
    reason = "the build context is now tuesday"
    assert desk.states()[1:] == [f"stale: {reason}", f"stale: cell 2 above is stale: {reason}"]
    desk.context = BuildContext(same)
    assert desk.states() == ["built"] * 3
    (same / "menu.txt").unlink()
    assert desk.states()[1] == "stale: the build context is now same"
    desk.context = BuildContext(monday)
    (monday / "menu.txt").write_text("salad")
    assert desk.states()[1] == "stale: menu.txt changed"


def test_flags_count_for_commands_and_for_what_reads_images() -> None:
    desk = Desk("FROM x", "ENV A=1", "RUN 1")
    freshness = Freshness({}, desk.changed, ("--add-host=db:1.2.3.4",))
    found = survey(list(desk.cells.items()), desk.chain, freshness, {})
    changed = "the flags of docker build changed"
    assert [cell.reason for cell in found] == [
        changed,
        f"cell 1 above is stale: {changed}",
        f"cell 1 above is stale: {changed}",
    ]


def test_stages_that_a_cell_names_are_known_built_or_not() -> None:
    desk = Desk(
        "%arg A=1",
        "FROM x AS one",
        "FROM one",
        "COPY --from=one /a /a\nCOPY --from=1 /b /b",
        "RUN --mount=type=bind,from=ONE,target=/m true",
        "COPY --from=busybox /a /a",
        "COPY --from=99999999999 /a /a",
    )
    wanted = [(-1, ()), (0, ()), (1, (0,)), (1, (0, 1)), (1, (0,)), (1, ()), (1, ())]
    assert desk.uses() == wanted
    desk.cells["b"] = "FROM y AS one"
    assert desk.uses() == wanted
