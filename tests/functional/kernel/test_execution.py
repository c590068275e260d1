from __future__ import annotations

from pathlib import Path

from .client import Kernel, started, write_notebook

WIDGET = "application/vnd.jupyter.widget-view+json"


def test_instruction_gets_one_output_that_is_updated_in_place(kernel: Kernel) -> None:
    ran = kernel.run("FROM debian:bookworm-slim", cell_id="a")
    assert ran.reply["status"] == "ok"
    (shown,), (updated,) = ran.of("display_data"), ran.of("update_display_data")
    assert shown["transient"]["display_id"] == updated["transient"]["display_id"]
    assert shown["data"][WIDGET]["model_id"] == updated["data"][WIDGET]["model_id"]
    assert {"text/html", "text/plain"} <= set(updated["data"])
    assert ran.cards[0]["status"] == "built"
    assert ran.cards[0]["cell_id"] == "a"


def test_raw_output_is_in_the_card_and_not_streamed(kernel: Kernel) -> None:
    ran = kernel.run("RUN hello", cell_id="b")
    assert ran.text == ""
    assert "hello" in ran.of("update_display_data")[0]["data"]["text/plain"]


def test_several_instructions_run_in_order_with_a_card_each(kernel: Kernel) -> None:
    ran = kernel.run("FROM busybox\nENV A=1\nRUN x", cell_id="c")
    assert [card["instruction"] for card in ran.cards] == ["FROM", "ENV", "RUN"]


def test_cell_stops_at_the_first_failure(kernel: Kernel) -> None:
    ran = kernel.run("RUN one\nRUN exit 7\nRUN three", cell_id="d")
    assert [card["status"] for card in ran.cards] == ["built", "failed"]


def test_failed_cell_answers_error_and_keeps_the_state(kernel: Kernel) -> None:
    before = kernel.run("RUN fine", cell_id="e").cards[0]["snapshot"]["id"]
    ran = kernel.run("# why\nRUN exit 3", cell_id="f")
    assert ran.reply["status"] == "error"
    assert ran.reply["ename"] == "InstructionFailedError"
    assert ran.reply["evalue"] == "RUN ended with exit code 3"
    assert f"cell [{ran.reply['execution_count']}]" in ran.traceback
    assert "2 |" in ran.traceback
    assert ran.of("error")[0]["ename"] == "InstructionFailedError"
    after = kernel.run("RUN next", cell_id="g").cards[0]["snapshot"]
    assert after["parent"] == before


def test_only_comments_is_fine_and_shows_nothing(kernel: Kernel) -> None:
    ran = kernel.run("# only a comment\n", cell_id="h")
    assert ran.reply["status"] == "ok"
    assert not ran.of("display_data")


def test_syntax_error_names_the_cell_and_the_line(kernel: Kernel) -> None:
    ran = kernel.run("%cache on\nRUM apt-get update", cell_id="i")
    assert ran.reply["ename"] == "UnknownInstructionError"
    assert "did you mean RUN?" in ran.reply["evalue"]
    assert f"cell [{ran.reply['execution_count']}]" in ran.traceback
    assert ">>> 2 |" in ran.traceback


def test_unexpected_exception_is_labelled_as_a_bug_with_its_traceback(kernel: Kernel) -> None:
    ran = kernel.run("RUN bug", cell_id="j")
    assert ran.reply["ename"] == "InternalError"
    assert "This is a bug in dockernb" in ran.traceback
    assert "ZeroDivisionError" in ran.reply["traceback"][-1]
    assert kernel.run("RUN alive", cell_id="k").reply["status"] == "ok"


def test_cells_after_a_failed_one_are_not_run(kernel: Kernel) -> None:
    first, second = kernel.send("RUN exit 1", cell_id="l"), kernel.send("RUN x", cell_id="m")
    assert kernel.collect(first).reply["status"] == "error"
    assert kernel.collect(second).reply["status"] == "aborted"


def test_terminal_gets_the_log_as_a_stream_and_the_card_at_the_end(kernel: Kernel) -> None:
    ran = kernel.run("RUN hello", allow_stdin=True)
    assert ran.text == "hello\n"
    assert not ran.of("update_display_data")
    (shown,) = ran.of("display_data")
    assert WIDGET not in shown["data"]
    assert "built" in shown["data"]["text/plain"]


def test_batch_without_ids_gets_the_end_of_the_log_as_text(kernel: Kernel) -> None:
    ran = kernel.run("RUN hello")
    assert "  | hello" in ran.of("update_display_data")[0]["data"]["text/plain"]


def test_silent_request_publishes_nothing(kernel: Kernel) -> None:
    ran = kernel.run("RUN hello", silent=True)
    assert {message["header"]["msg_type"] for message in ran.messages} <= {
        "status", "comm_open", "comm_msg", "comm_close"
    }  # fmt: skip


def test_old_card_is_closed_when_its_cell_runs_again(kernel: Kernel) -> None:
    first = kernel.run("RUN x", cell_id="n")
    model = first.of("update_display_data")[0]["data"][WIDGET]["model_id"]
    again = kernel.run("RUN y", cell_id="n")
    assert {"comm_id": model, "data": {}} in again.of("comm_close")


def test_deleted_cell_loses_its_card(kernel: Kernel) -> None:
    first = kernel.run("RUN x", cell_id="o")
    model = first.of("update_display_data")[0]["data"][WIDGET]["model_id"]
    later = kernel.run("RUN y", cell_id="p", metadata={"deletedCells": ["o"]})
    assert model in [content["comm_id"] for content in later.of("comm_close")]


def test_order_comes_from_the_saved_notebook(tmp_path: Path) -> None:
    notebook = tmp_path / "course.ipynb"
    write_notebook(notebook, {"one": "FROM busybox", "two": "RUN order?", "three": "RUN x"})
    name = str(notebook)
    with started("tests.functional.kernel.scripted", tmp_path, JPY_SESSION_NAME=name) as kernel:
        assert kernel.run("RUN order?", cell_id="two").reply["evalue"].endswith("one two three")
        new = kernel.run("RUN order?", cell_id="new").reply["evalue"]
        assert new.endswith("one two new three")
        assert kernel.run("RUN order?").reply["evalue"].endswith("none")


def test_cell_in_a_subshell_is_refused(kernel: Kernel) -> None:
    message = kernel.client.session.msg("create_subshell_request", {})
    kernel.client.control_channel.send(message)
    subshell = kernel.client.get_control_msg(timeout=10)["content"]["subshell_id"]
    content = {"code": "RUN x", "silent": False, "store_history": True, "user_expressions": {}}
    request = kernel.client.session.msg("execute_request", content)
    request["header"]["subshell_id"] = subshell
    kernel.client.shell_channel.send(request)
    ran = kernel.collect(request["header"]["msg_id"])
    assert "cannot run in a subshell" in ran.reply["evalue"]
    assert kernel.run("RUN x", cell_id="q").reply["status"] == "ok"
