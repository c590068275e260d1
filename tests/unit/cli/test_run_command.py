"""`dockernb run` with a scripted session."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from .conftest import Invoke, ScriptedSession

Write = Callable[..., Path]
Sessions = list[ScriptedSession]


def test_cells_run_in_order_with_a_line_each(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    result = invoke("run", notebook("FROM a", "#md text", "# note\nRUN b"))
    assert result.exit_code == 0, result.output
    assert sessions[0].ran == ["FROM a", "# note\nRUN b"]
    assert sessions[0].closed
    lines = [line for line in result.stdout.splitlines() if "built" in line]
    assert [line.split() for line in lines] == [
        ["step", "1", "FROM", "a", "built", "000000000000", "2.0", "MB", "1.2", "s"],
        ["step", "2", "RUN", "b", "built", "000000000000", "+1.5", "kB", "1.2", "s"],
    ]


def test_log_stands_below_the_name_of_its_step(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    lines = invoke("run", notebook("RUN b")).stdout.splitlines()
    assert lines[:2] == ["step 1  RUN b", "  output of RUN"]


def test_first_failing_cell_ends_the_run_and_is_named(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    result = invoke("run", notebook("FROM a", "#md", "%arg A=1\nFAIL x", "RUN never"))
    assert result.exit_code == 1
    assert len(sessions[0].ran) == 2
    assert "InstructionFailedError: it failed\ncell [2]\n" in result.stderr
    assert ">>> 2 | FAIL x" in result.stderr
    assert sessions[0].closed


def test_cell_that_may_fail_does_not_end_the_run(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    path = notebook("FROM a", "FAIL x", "RUN b")
    document = nbformat.read(path, as_version=4)
    document.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(document, path)
    result = invoke("run", path)
    assert result.exit_code == 0, result.output
    assert sessions[0].ran == ["FROM a", "FAIL x", "RUN b"]
    assert "cell [2] failed, as it may: it failed" in result.output


def test_executed_notebook_holds_cards_and_loses_old_outputs(
    invoke: Invoke, notebook: Write, sessions: Sessions, tmp_path: Path
) -> None:
    out = tmp_path / "out.ipynb"
    result = invoke("run", notebook("FROM a", "#md text", "FAIL b", "RUN c"), "-o", out)
    assert result.exit_code == 1
    executed = nbformat.read(out, as_version=4)
    nbformat.validate(executed)
    first, _, failed, never = executed.cells
    (card,) = first.outputs
    assert set(card.data) == {
        "application/vnd.dockernb.card+json",
        "text/html",
        "text/plain",
    }
    assert card.data["application/vnd.dockernb.card+json"]["cell_id"] == "c0"
    assert card.data["application/vnd.dockernb.card+json"]["model_id"] is None
    assert [output.output_type for output in failed.outputs] == ["display_data", "error"]
    assert failed.outputs[1].ename == "InstructionFailedError"
    assert (never.outputs, never.execution_count) == ([], None)


def test_json_is_one_card_a_line_and_the_log_goes_to_stderr(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    result = invoke("run", "--json", notebook("FROM a", "FAIL b"))
    cards = [json.loads(line) for line in result.stdout.splitlines()]
    assert [card["status"] for card in cards] == ["built", "failed"]
    assert "output of FROM" in result.stderr


def test_magics_set_args_context_and_secrets(
    invoke: Invoke, notebook: Write, sessions: Sessions, tmp_path: Path
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "token").write_bytes(b"t")
    cell = "%arg A='1 2'\n%context app\n%secret tok src=token\n%ls /\nFROM a"
    result = invoke("run", notebook(cell, "%%shell\nls"))
    assert result.exit_code == 0, result.output
    assert sessions[0].settings == [("A", "1 2"), ("context", tmp_path / "app"), ("tok", b"t")]
    assert sessions[0].ran == ["FROM a"]
    assert "cell [1]: %ls is left out" in result.stdout
    assert "cell [2]: %%shell is left out" in result.stdout


def test_command_line_beats_magics(
    invoke: Invoke, notebook: Write, sessions: Sessions, tmp_path: Path
) -> None:
    cell = "%arg A=1\n%arg B=2\n%context nowhere\n%secret s env=NO_SUCH\nFROM a"
    options = ["--build-arg", "A=9", "--context", tmp_path, "--secret", "id=s,env=S"]
    result = invoke("run", notebook(cell), *options, env={"S": "content"})
    assert result.exit_code == 0, result.output
    assert sessions[0].options.build_args["A"] == "9"
    assert sessions[0].settings == [("B", "2")]
    assert sessions[0].options.secrets == {"s": b"content"}
    assert sessions[0].options.context == tmp_path


def test_context_is_the_notebooks_folder(
    invoke: Invoke, notebook: Write, sessions: Sessions, tmp_path: Path
) -> None:
    invoke("run", notebook("FROM a"))
    assert sessions[0].options.context == tmp_path


def test_bad_magic_is_named_with_its_line(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    result = invoke("run", notebook("FROM a", "# x\n%arg =1\nRUN b"))
    assert result.exit_code == 1
    assert "cell [2]" in result.stderr
    assert ">>> 2 | %arg =1" in result.stderr
    assert sessions[0].ran == ["FROM a"]


def test_target_leaves_out_other_stages_but_not_their_magics(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    path = notebook("FROM a AS x", "%arg A=1\nRUN x", "FROM b AS y", "RUN y", "FROM c AS z")
    result = invoke("run", path, "--target", "y", "-t", "name")
    assert result.exit_code == 0, result.output
    assert sessions[0].ran == ["FROM b AS y", "RUN y"]
    assert [text.id for text in sessions[0].orders[0] or ()] == ["c2", "c3"]
    assert sessions[0].settings == [("A", "1")]
    assert sessions[0].tags == ["name"]


def test_order_holds_the_texts_without_magics(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    invoke("run", notebook("%arg A=1\nFROM a", "RUN b"))
    order = sessions[0].orders[0]
    assert order is not None
    assert [text.source for text in order] == ["FROM a", "RUN b"]


def test_notebook_without_instructions_is_an_error(
    invoke: Invoke, notebook: Write, sessions: Sessions
) -> None:
    result = invoke("run", notebook("", "%help"))
    assert result.exit_code == 1
    assert "has no cell with an instruction" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("wakes", [True, False])
def test_interrupt_ends_the_step_and_exits_with_130(
    invoke: Invoke,
    notebook: Write,
    sessions: Sessions,
    number: signal.Signals,
    wakes: bool,
    tmp_path: Path,
) -> None:
    def interrupt() -> None:
        while not sessions or not sessions[0].waiting.wait(0.01):
            pass
        if wakes:
            os.kill(os.getpid(), number)
        else:  # as a signal that comes just before the main thread goes to sleep
            signal.pthread_kill(threading.get_ident(), number)

    killer = threading.Thread(target=interrupt, daemon=True)
    # A shell starts what it runs in the background with SIGINT ignored; the tests may be that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        killer.start()
        result = invoke("run", notebook("FROM a", "WAIT b", "RUN c"), "-o", tmp_path / "out.ipynb")
        killer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 130, result.output
    assert "BuildInterruptedError: interrupted\ncell [2]" in result.stderr
    assert sessions[0].closed
    assert (tmp_path / "out.ipynb").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--build-arg", "=x"], "expected KEY=VALUE"),
        (["--secret", "src=x"], "expected id=NAME"),
        (["--secret", "id=t,src=/no/such"], "cannot read"),
        (["--context", "/no/such"], "does not exist"),
        (["--engine", "nope"], "nope"),
    ],
)
def test_bad_options_are_usage_errors(
    invoke: Invoke, notebook: Write, sessions: Sessions, options: list[str], message: str
) -> None:
    result = invoke("run", notebook("FROM a"), *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not sessions


def test_bug_is_labelled_as_one(
    invoke: Invoke, notebook: Write, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedSession, "tag", lambda *_: 1 / 0)
    result = invoke("run", notebook("FROM a"), "-t", "x")
    assert result.exit_code == 1
    assert "InternalError: ZeroDivisionError" in result.stderr
    assert "please report it" in result.stderr
