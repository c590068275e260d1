"""A session on the real engine: which parent, which cache, and what is left of a failure."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import APIError

from dockernb.build.events import (
    BuildEvent,
    OutputReceived,
    PhaseStarted,
    PullProgressed,
    StepFinished,
)
from dockernb.build.result import StepResult
from dockernb.errors import (
    BuildError,
    BuildInterruptedError,
    CellsNotRunError,
    DockerfileSyntaxError,
    InstructionFailedError,
    StageNotFoundError,
)
from dockernb.session import CellText

from .notebooks import BASE, Bench, Notebook, parent, reasons, snapshot, statuses

pytestmark = pytest.mark.docker


# --- which parent ---------------------------------------------------------------------------------
def test_parent_is_the_cell_above_in_the_notebook_not_the_one_that_ran_last(
    notebook: Notebook,
) -> None:
    notebook.run("from", BASE)
    first = notebook.run("one", "RUN echo 1 > /one")
    second = notebook.run("two", "RUN echo 2 > /two")
    assert parent(second) == snapshot(first)
    again = notebook.run("one", "RUN echo one > /one")
    assert parent(again) == parent(first)
    assert parent(notebook.run("two")) == snapshot(again)


def test_parent_is_the_cell_that_ran_before_where_the_order_is_not_known(bench: Bench) -> None:
    session = bench.open().session

    def run(source: str) -> list[StepResult]:
        return session.run_cell(
            source, cell_id=None, order=None, listener=bench._note, cancel=threading.Event()
        )

    base = run(BASE)
    first = run("ENV A=1")
    assert parent(first) == snapshot(base)
    with pytest.raises(InstructionFailedError):
        run("RUN false")
    assert parent(run("ENV B=2")) == snapshot(first)


def test_cells_not_run_are_taken_from_the_cache_silently_by_a_new_session(bench: Bench) -> None:
    notebook = bench.open()
    cells = {"from": BASE} | {f"cell{n}": f"RUN echo {n} > /{n}" for n in range(2, 8)}
    made = notebook.run_all(cells)
    restarted = bench.restarted(notebook)
    (result,) = restarted.run("cell7", "RUN cat /2 /6")
    assert result.snapshot is not None
    assert result.snapshot.parent == made[-2].snapshot.id  # type: ignore[union-attr]
    assert result.step == 7
    assert result.log.text == "2\n6\n"
    assert [event.cell_id for event in restarted.started] == ["cell7"]


def test_missing_cells_are_named_in_order_and_nothing_runs(notebook: Notebook) -> None:
    notebook.cells = {
        "note": "# What this is",
        "from": BASE,
        "magic": "%context .",
        "one": "%arg A=1\nRUN echo one",
        "two": "RUN echo two",
    }
    with pytest.raises(CellsNotRunError) as caught:
        notebook.run("two")
    assert caught.value.cells == (f"cell 2: {BASE}", "cell 4: RUN echo one")
    assert f"  cell 2: {BASE}\n  cell 4: RUN echo one" in (caught.value.hint or "")
    assert not notebook.events
    with pytest.raises(BuildError, match="no snapshot yet"):
        notebook.session.image_of()


def test_edited_cell_above_makes_cells_below_stale(notebook: Notebook) -> None:
    notebook.run_all({"from": BASE, "one": "RUN echo 1", "two": "RUN echo 2", "three": "ENV A=3"})
    notebook.run("one", "RUN echo one")
    with pytest.raises(CellsNotRunError, match="a cell above is stale") as caught:
        notebook.run("three")
    assert caught.value.cells == ("cell 3: RUN echo 2",)
    (result,) = notebook.run("two")
    assert result.cache.changed == ("cell above was rebuilt",)


def test_cell_edited_back_is_taken_from_the_cache_with_all_below(notebook: Notebook) -> None:
    made = notebook.run_all({"from": BASE, "one": "RUN echo 1", "two": "RUN echo 2"})
    notebook.run("one", "RUN echo one")
    notebook.cells["one"] = "RUN echo 1"
    (result,) = notebook.run("two")
    assert result.snapshot == made[-1].snapshot
    assert statuses(notebook.finished) == ["cached"]


def test_comments_and_blanks_make_nothing_stale(notebook: Notebook) -> None:
    notebook.run_all({"from": BASE, "one": "RUN echo 1", "two": "ENV A=2"})
    notebook.cells["one"] = "\n# A comment\nRUN echo 1\n"
    assert statuses(notebook.run("two")) == ["cached"]


def test_deleted_cell_is_no_parent(notebook: Notebook) -> None:
    made = notebook.run_all({"from": BASE, "one": "ENV A=1", "two": "ENV B=2"})
    del notebook.cells["one"]
    notebook.session.drop_cells(["one"])
    assert notebook.session.image_of().image_id == made[0].snapshot.id  # type: ignore[union-attr]
    assert parent(notebook.run("two")) == snapshot(made[:1])


def test_cell_that_became_a_comment_is_no_parent(bench: Bench) -> None:
    session = bench.open().session

    def run(cell: str, source: str) -> list[StepResult]:
        return session.run_cell(
            source, cell_id=cell, order=None, listener=bench._note, cancel=threading.Event()
        )

    base = run("from", BASE)
    run("one", "ENV A=1")
    assert run("one", "# ENV A=1") == []
    assert parent(run("two", "ENV B=2")) == snapshot(base)


# --- why a step was built -------------------------------------------------------------------------
def test_second_run_of_all_cells_is_all_hits(bench: Bench) -> None:
    notebook = bench.open()
    (bench.context / "a.txt").write_text("a")
    cells = {
        "from": BASE,
        "env": "ENV A=1",
        "copy": "COPY a.txt /",
        "workdir": "WORKDIR /srv",
        "run": "RUN echo hello; touch x",
        "cmd": 'CMD ["sh"]',
    }
    made = notebook.run_all(cells)
    assert statuses(made) == ["built"] * 6
    for again in (notebook, bench.restarted(notebook)):
        hits = again.run_all()
        assert statuses(hits) == ["cached"] * 6
        for before, after in zip(made, hits, strict=True):
            assert after.snapshot == before.snapshot
            assert (after.log, after.diff, after.config) == (before.log, before.diff, before.config)
    replayed = [event for event in again.events if isinstance(event, OutputReceived)]
    assert not replayed  # the newest cell is CMD
    again.run("run")
    assert [
        (event.data, event.replayed) for event in again.events if isinstance(event, OutputReceived)
    ] == [(b"hello\n", True)]


def test_first_time_is_said_of_a_cell_that_another_notebook_has_elsewhere(bench: Bench) -> None:
    bench.open().run_all({"a-from": BASE, "a-run": "RUN echo 1"})
    other = bench.open()
    other.run_all({"b-from": BASE, "b-env": "ENV B=1"})
    assert reasons(other.run("b-run", "RUN echo 1")) == ["first time"]


def test_edited_instruction_is_named(notebook: Notebook) -> None:
    notebook.run_all({"from": BASE, "one": "RUN echo 1"})
    assert reasons(notebook.run("one", "RUN echo one")) == ["the instruction was edited"]


def test_build_arg_change_names_the_argument(notebook: Notebook) -> None:
    notebook.run_all({"from": BASE, "arg": "ARG VERSION=1.2", "run": "RUN echo $VERSION"})
    notebook.session.set_build_arg("VERSION", "1.3")
    with pytest.raises(CellsNotRunError) as caught:
        notebook.run("run")
    assert caught.value.cells == ("cell 2: ARG VERSION=1.2",)
    assert reasons(notebook.run("arg")) == ["ARG VERSION: 1.2 -> 1.3"]
    (result,) = notebook.run("run")
    assert result.cache.changed == ("ARG VERSION: 1.2 -> 1.3", "cell above was rebuilt")
    assert result.log.text == "1.3\n"
    notebook.session.set_build_arg("VERSION", None)
    assert statuses(notebook.run("run")) == ["cached"]


def test_arg_before_from_chooses_the_base_and_its_change_is_noticed(notebook: Notebook) -> None:
    cells = {"arg": "ARG TAG=latest", "from": "FROM busybox:$TAG", "again": "ARG TAG"}
    made = notebook.run_all({**cells, "run": "RUN echo $TAG"})
    assert made[0].snapshot is None
    assert made[-1].log.text == "latest\n"
    notebook.session.set_build_arg("TAG", "noconfig")
    notebook.run("arg")
    assert snapshot(notebook.run("from")) != snapshot(made[1:2])
    assert reasons(notebook.run("again"))[0].startswith("ARG TAG: latest -> noconfig")


def test_changed_file_is_named_and_so_is_another_build_context(
    bench: Bench, notebook: Notebook
) -> None:
    main = bench.context / "app" / "main.py"
    main.parent.mkdir()
    main.write_text("1")
    (main.parent / "other.py").write_text("2")
    notebook.run_all({"from": BASE, "copy": "COPY . /srv/"})
    main.write_text("one")
    assert reasons(notebook.run("copy")) == ["app/main.py changed"]
    (main.parent / "new.py").write_text("3")
    assert reasons(notebook.run("copy")) == ["app/new.py added"]
    (main.parent / "new.py").unlink()
    assert statuses(notebook.run("copy")) == ["cached"]
    notebook.session.set_context(main.parent)
    cells = [CellText(*cell) for cell in notebook.cells.items()]
    stale = notebook.session.survey(cells, {})[1]
    assert stale.reason == f"the build context is now {main.parent}"


def test_stage_changed_makes_copy_from_rebuild_with_reason(notebook: Notebook) -> None:
    notebook.run_all(
        {
            "from": f"{BASE} AS build",
            "make": "RUN echo 1 > /made",
            "last": BASE,
            "copy": "COPY --from=build /made /",
        }
    )
    before = snapshot(notebook.run("make"))
    after = snapshot(notebook.run("make", "RUN echo 2 > /made"))
    assert statuses(notebook.run("last")) == ["cached"]
    (result,) = notebook.run("copy")
    short = [image.removeprefix("sha256:")[:12] for image in (before, after)]
    assert result.cache.reason == f"--from=build: image {short[0]} -> {short[1]}"


def test_cache_off(notebook: Notebook) -> None:
    notebook.session.use_cache(enabled=False)
    first = notebook.run_all({"from": BASE, "run": "RUN echo 1"})
    assert {result.cache.status for result in first} == {"off"}
    again = notebook.run("run")
    assert statuses(again) == ["built"]
    assert snapshot(again) != snapshot(first)
    notebook.session.use_cache(enabled=True)
    assert notebook.run("run")[0].snapshot == again[0].snapshot


def test_two_sessions_share_one_cache(bench: Bench) -> None:
    first, second = bench.open(), bench.open()
    cells = {"from": BASE} | {f"env{n}": f"ENV N{n}={n}" for n in range(5)}
    made = first.run_all(cells)
    taken = second.run_all(cells)
    assert statuses(taken)[1:] == ["cached"] * 5
    assert snapshot(taken) == snapshot(made)


def test_two_sessions_build_at_the_same_time(bench: Bench) -> None:
    notebooks = [bench.open(), bench.open()]
    cells = {"from": BASE} | {f"run{n}": f"RUN echo {n}" for n in range(4)}
    failures: list[BaseException] = []

    def work(notebook: Notebook) -> None:
        try:
            notebook.run_all(cells)
        except Exception as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(notebook,)) for notebook in notebooks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert statuses(bench.open().run_all(cells))[1:] == ["cached"] * 4


# --- snapshots that somebody removed --------------------------------------------------------------
def test_snapshot_pruned_behind_our_back_is_rebuilt_and_said_so(
    bench: Bench, notebook: Notebook
) -> None:
    made = notebook.run_all({"from": BASE, "run": "RUN echo 1 > /one"})
    bench.remove_image(snapshot(made))
    (result,) = notebook.run("run")
    assert result.status == "built"
    short = snapshot(made).removeprefix("sha256:")[:12]
    assert result.cache.reason == f"snapshot {short} was removed from the engine"


def test_pruned_parent_is_rebuilt_before_the_next_cell_and_said_so(
    bench: Bench, notebook: Notebook
) -> None:
    made = notebook.run_all({"from": BASE, "one": "RUN echo 1 > /1", "two": "RUN echo 2 > /2"})
    for result in reversed(made[1:]):
        bench.remove_image(snapshot([result]))
    (result,) = notebook.run("three", "RUN cat /1 /2")
    assert result.log.text == "1\n2\n"
    assert [each.cell_id for each in notebook.finished] == ["one", "two", "three"]
    assert statuses(notebook.finished) == ["built"] * 3
    assert "was removed from the engine" in notebook.finished[0].cache.reason
    assert notebook.finished[1].cache.reason == "cell above was rebuilt"
    assert parent([result]) == snapshot(notebook.finished[:2])


def test_only_what_was_pruned_is_rebuilt(bench: Bench, notebook: Notebook) -> None:
    made = notebook.run_all({"from": BASE, "one": "RUN echo 1 > /1", "two": "RUN echo 2 > /2"})
    bench.remove_image(snapshot(made))
    notebook.run("three", "ENV A=1")
    assert [each.cell_id for each in notebook.finished] == ["two", "three"]


def test_pruned_stage_is_rebuilt_for_copy_from(bench: Bench, notebook: Notebook) -> None:
    made = notebook.run_all({"a": f"{BASE} AS a", "make": "RUN echo 1 > /made", "b": BASE})
    bench.remove_image(snapshot(made[:2]))
    notebook.run("copy", "COPY --from=a /made /")
    assert notebook.finished[0].cell_id == "make"
    assert statuses(notebook.finished)[-1] == "built"


def test_new_session_names_the_cells_whose_snapshots_were_pruned(bench: Bench) -> None:
    notebook = bench.open()
    made = notebook.run_all({"from": BASE, "one": "RUN echo 1 > /1", "two": "ENV A=1"})
    for result in reversed(made[1:]):
        bench.remove_image(snapshot([result]))
    restarted = bench.restarted(notebook)
    with pytest.raises(CellsNotRunError) as caught:
        restarted.run("two")
    assert caught.value.cells == ("cell 2: RUN echo 1 > /1",)
    restarted.run("one")
    assert statuses(restarted.run("two")) == ["built"]


# --- failures and interrupts ----------------------------------------------------------------------
def test_failed_cell_leaves_the_state_before_it(bench: Bench, notebook: Notebook) -> None:
    made = notebook.run_all({"from": BASE, "env": "ENV A=1"})
    with pytest.raises(InstructionFailedError, match="exit code 3") as caught:
        notebook.run("bad", "RUN echo broken > /x; echo broken; exit 3")
    (result,) = notebook.finished
    assert (result.status, result.snapshot, result.error) == ("failed", None, caught.value)
    assert result.container is not None
    assert result.container.exit_code == 3
    assert "broken" in result.log.text
    assert notebook.session.image_of().image_id == snapshot(made)
    assert parent(notebook.run("bad", "RUN test ! -e /x")) == snapshot(made)


def test_failed_cell_names_its_line_and_keeps_the_steps_before_in_the_cache(
    notebook: Notebook,
) -> None:
    text = "# several\nFROM busybox:latest\nRUN echo 1 > /1\n\nRUN cat /2\nRUN echo never"
    with pytest.raises(InstructionFailedError) as caught:
        notebook.run("all", text)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.source) == (5, text)
    assert statuses(notebook.finished) == ["built", "built", "failed"]
    notebook.run("all", text.replace("/2", "/1"))
    assert statuses(notebook.finished) == ["cached", "cached", "built", "built"]


def test_result_of_a_cell_that_fails_when_run_again_does_not_count(notebook: Notebook) -> None:
    made = notebook.run_all({"from": BASE, "one": "ENV A=1", "two": "ENV B=2"})
    with pytest.raises(DockerfileSyntaxError):
        notebook.run("one", "ENV")
    assert notebook.session.image_of().image_id == snapshot(made[:1])
    with pytest.raises(CellsNotRunError) as caught:
        notebook.run("two")
    assert caught.value.cells == ("cell 2: ENV", "cell 3: ENV B=2")[:1]


def test_interrupt_leaves_no_container_and_no_snapshot(bench: Bench, notebook: Notebook) -> None:
    made = notebook.run_all({"from": BASE, "env": "ENV A=1"})

    def interrupt(event: BuildEvent) -> None:
        if isinstance(event, OutputReceived):
            notebook.cancel.set()

    notebook.on_event = interrupt
    with pytest.raises(BuildInterruptedError):
        notebook.run("long", "RUN echo started; touch /x; sleep 100")
    (result,) = notebook.finished
    assert (result.status, result.snapshot) == ("interrupted", None)
    assert notebook.session.image_of().image_id == snapshot(made)
    notebook.cancel = threading.Event()
    notebook.on_event = bench._note
    assert parent(notebook.run("long", "RUN test ! -e /x")) == snapshot(made)
    notebook.session.close()  # removals go on in the background; this waits for them
    assert not bench.containers()


def test_interrupt_between_two_instructions_stops_the_cell(notebook: Notebook) -> None:
    note = notebook.on_event
    assert note is not None

    def interrupt(event: BuildEvent) -> None:
        note(event)
        if isinstance(event, StepFinished) and event.result.instruction == "ENV":
            notebook.cancel.set()

    notebook.on_event = interrupt
    with pytest.raises(BuildInterruptedError):
        notebook.run("all", f"{BASE}\nENV A=1\nLABEL b=2\nLABEL c=3")
    assert statuses(notebook.finished)[-2:] == ["built", "interrupted"]


def test_each_started_step_is_finished_once(notebook: Notebook) -> None:
    notebook.run("from", BASE)
    for text in ("RUN false", "COPY no-such /", "WORKDIR ${X:?none}", "USER root"):
        with suppress(Exception):
            notebook.run("cell", text)
        assert len(notebook.started) == len(notebook.finished) == 1


# --- FROM -----------------------------------------------------------------------------------------
def test_onbuild_triggers_are_steps_of_from(bench: Bench, notebook: Notebook) -> None:
    (bench.context / "a.txt").write_text("a")
    notebook.run_all({"from": BASE, "b1": "ONBUILD COPY a.txt /", "b2": "ONBUILD RUN cat /a.txt"})
    tag = f"dockernb-test-onbuild-{bench.context.parent.name}".lower()
    notebook.session.tag(tag)
    try:
        child = bench.open()
        results = child.run("from", f"FROM {tag}")
        assert [result.instruction for result in results] == ["FROM", "COPY", "RUN"]
        assert [result.step for result in results] == [1, 2, 3]
        assert {result.cell_id for result in results} == {"from"}
        assert results[1].source == "ONBUILD COPY a.txt /"
        assert results[2].log.text == "a"
        assert not child.session.image_of().config.runtime.onbuild
        assert parent(child.run("next", "ENV A=1")) == snapshot(results)
    finally:
        bench.remove_image(tag)


def test_build_arg_of_a_trigger_makes_from_stale(bench: Bench, notebook: Notebook) -> None:
    notebook.run_all({"from": BASE, "arg": "ONBUILD ARG V=1", "run": "ONBUILD RUN echo $V"})
    tag = f"dockernb-test-trigger-{bench.context.parent.name}".lower()
    notebook.session.tag(tag)
    try:
        child = bench.open()
        child.run_all({"from": f"FROM {tag}", "env": "ENV A=1"})
        child.session.set_build_arg("V", "2")
        with pytest.raises(CellsNotRunError):
            child.run("env")
        assert child.run("from")[-1].log.text == "2\n"
    finally:
        bench.remove_image(tag)


def test_from_pulls_with_progress_from_a_registry(
    bench: Bench, notebook: Notebook, registry: str
) -> None:
    name = f"{registry}/busybox:latest"
    with suppress(APIError):
        bench.client.remove_image(name)
    try:
        (result,) = notebook.run("from", f"FROM {name}")
        assert PhaseStarted("pull", name) in notebook.events
        assert any(isinstance(event, PullProgressed) for event in notebook.events)
        assert result.cache.reason == f"{name} was pulled"
        assert "pull" in result.seconds
        (again,) = notebook.run("from")
        assert again.status == "cached"
        assert not any(isinstance(event, PullProgressed) for event in notebook.events)
    finally:
        bench.client.remove_image(name)


def test_new_session_pulls_nothing_for_cells_above(
    bench: Bench, notebook: Notebook, registry: str
) -> None:
    name = f"{registry}/busybox:latest"
    try:
        notebook.run_all({"from": f"FROM {name}", "env": "ENV A=1"})
    finally:
        bench.client.remove_image(name)
    with pytest.raises(CellsNotRunError):
        bench.restarted(notebook).run("env")


def test_escape_directive_of_the_first_cell_holds_below(notebook: Notebook) -> None:
    notebook.run("from", f"# escape=`\n{BASE}")
    (result,) = notebook.run("run", "RUN echo one `\n  two")
    assert result.log.text == "one two\n"
    (env,) = notebook.run("env", r"ENV A=C:\temp")
    assert [(change.field, change.after) for change in env.config] == [("Env.A", r"C:\temp")]


def test_directives_count_in_the_first_cell_that_has_text_only(notebook: Notebook) -> None:
    """As in the exported file: there they stand at its top, or they are comments."""
    notebook.cells = {"empty": "%help\n", "directive": "# escape=`", "from": BASE}
    notebook.run("from")
    (result,) = notebook.run("run", "RUN echo one `\n  two")
    assert result.log.text == "one two\n"
    notebook.cells["empty"] = "# A comment"
    notebook.run("from")
    (result,) = notebook.run("run", "RUN echo one \\\n  two")
    assert result.log.text == "one two\n"


# --- looking and naming ---------------------------------------------------------------------------
def test_scope_is_what_an_instruction_would_see(notebook: Notebook) -> None:
    notebook.run_all(
        {
            "from": f"{BASE} AS build",
            "arg": "ARG V=1",
            "env": "ENV A=$V",
            "user": "USER 1000",
            "dir": "WORKDIR /srv",
        }
    )
    scope = notebook.session.scope()
    assert (scope.stages, scope.user, scope.working_dir) == (("build",), "1000", "/srv")
    assert {"A": "1", "V": "1"}.items() <= scope.variables.items()
    assert "A" not in notebook.session.scope("arg").variables


def test_tag(bench: Bench, notebook: Notebook) -> None:
    made = notebook.run_all(
        {"a": f"{BASE} AS first", "env": "ENV A=1", "b": "FROM first", "env2": "ENV B=2"}
    )
    name = f"dockernb-test-tag-{bench.context.parent.name}".lower()
    try:
        assert notebook.session.tag(f"{name}:last") == snapshot(made)
        assert notebook.session.tag(f"{name}:first", "FIRST") == snapshot(made[:2])
        assert bench.client.inspect_image(f"{name}:last")["Id"] == snapshot(made)
        assert f"{name}:first" in notebook.session.local_references()
        with pytest.raises(StageNotFoundError, match="nobody"):
            notebook.session.tag(name, "nobody")
    finally:
        for tag in ("last", "first"):
            with suppress(APIError):
                bench.client.remove_image(f"{name}:{tag}", noprune=True)


def test_tag_never_names_what_an_edited_cell_has_made_stale(
    bench: Bench, notebook: Notebook
) -> None:
    notebook.run_all({"from": BASE, "one": "ENV A=1", "two": "ENV B=2"})
    edited = notebook.run("one", "ENV A=one")
    assert notebook.session.image_of().image_id == snapshot(edited)


def test_cache_in_a_place_that_cannot_be_written_is_kept_in_memory_and_said(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DOCKERNB_HOME", str(tmp_path / "file"))
    notebook = bench.open()
    (first,) = notebook.run("from", BASE)
    assert "cannot be used" in first.warnings[0]
    notebook.run("env", "ENV A=1")
    assert statuses(notebook.run("env")) == ["cached"]
