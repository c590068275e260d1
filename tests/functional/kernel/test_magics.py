from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.kernel.magics import all_magics

from .client import Kernel


def test_help_lists_every_magic_with_one_line(kernel: Kernel) -> None:
    lines = kernel.run("%help").text.splitlines()
    assert len(lines) == len(all_magics())
    for entry in all_magics():
        assert entry.summary, entry.name
        assert any(line.startswith(entry.usage) for line in lines)


def test_unknown_magic_names_the_nearest(kernel: Kernel) -> None:
    reply = kernel.run("%contxt .").reply
    assert reply["ename"] == "MagicError"
    assert reply["evalue"] == 'unknown magic "%contxt" (did you mean %context?)'


def test_magics_stand_above_the_instruction(kernel: Kernel) -> None:
    ran = kernel.run("%cache off\n%arg VERSION=2\nRUN x", cell_id="a")
    assert ran.reply["status"] == "ok"
    assert ran.cards[0]["source"] == "RUN x"
    assert kernel.run("%arg").text == "VERSION=2\n"
    kernel.run("%arg VERSION")
    assert kernel.run("%arg").text == "no build args are set\n"


def test_failing_magic_stops_the_cell_and_names_the_line(kernel: Kernel) -> None:
    ran = kernel.run("%cache on\n%context nowhere\nRUN x", cell_id="b")
    assert ran.reply["evalue"] == '"nowhere" is not a folder'
    assert ">>> 2 |" in ran.traceback
    assert not ran.cards


def test_engine_is_shown_and_changed(kernel: Kernel) -> None:
    assert kernel.run("%engine embedded").text == "engine: embedded\n"
    assert kernel.run("%engine podmann").reply["ename"] == "EngineNotAvailableError"
    kernel.run("%engine docker")


def test_secret_is_asked_for_and_never_shown(kernel: Kernel) -> None:
    request = kernel.send("%secret token", cell_id="c")
    question = kernel.client.get_stdin_msg(timeout=10)["content"]
    assert question["password"] is True
    kernel.client.input("hunter2")
    ran = kernel.collect(request)
    assert ran.reply["status"] == "ok"
    assert "hunter2" not in str(ran.messages)
    assert "(7 bytes)" in ran.text


def test_secret_without_anyone_to_ask_says_what_to_do(kernel: Kernel) -> None:
    ran = kernel.run("%secret token", allow_stdin=False)
    assert ran.reply["status"] == "error"
    assert "%secret ID src=FILE" in ran.traceback


@pytest.mark.parametrize("form", ["src=token.txt", "env=HOME"])
def test_secret_comes_from_a_file_or_variable(kernel: Kernel, form: str) -> None:
    kernel.run("%secret other env=HOME")
    ran = kernel.run(f"%secret token {form}")
    expected = "error" if form.startswith("src") else "ok"
    assert ran.reply["status"] == expected


def test_history_is_a_table_of_all_steps(kernel: Kernel) -> None:
    kernel.run("FROM busybox AS base", cell_id="d")
    data = kernel.run("%history").of("display_data")[0]["data"]
    assert "FROM busybox AS base" in data["text/plain"]
    assert data["text/html"].startswith("<table>")


def test_tag_names_the_snapshot(kernel: Kernel) -> None:
    assert kernel.run("%tag mine:1").text.startswith("mine:1 is sha256:")


def test_reset_forgets_all_cells(kernel: Kernel) -> None:
    kernel.run("%reset")
    assert "no cell has built" in kernel.run("%history").text


def test_export_shows_the_cells_without_magics(kernel: Kernel) -> None:
    kernel.run("%reset")
    kernel.run("%cache on\nFROM busybox", cell_id="e")
    kernel.run("RUN x", cell_id="f")
    text = kernel.run("%export -", cell_id="g").text
    assert text == "FROM busybox\n\nRUN x\n"


def test_export_does_not_overwrite_the_work_of_others(kernel: Kernel) -> None:
    written = kernel.run("%export Dockerfile.out", cell_id="h").text
    path = Path(written.removeprefix("wrote ").rpartition(" (")[0])
    assert kernel.run("%export Dockerfile.out", cell_id="h").reply["status"] == "ok"
    path.write_text("FROM mine\n", "utf-8")
    refused = kernel.run("%export Dockerfile.out", cell_id="h").reply
    assert refused["status"] == "error"
    assert path.read_text("utf-8") == "FROM mine\n"
    assert kernel.run("%export Dockerfile.out --force", cell_id="h").reply["status"] == "ok"
    assert path.read_text("utf-8").startswith("FROM busybox")
