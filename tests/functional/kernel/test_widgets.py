from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .client import CARD, Kernel, started, write_notebook

WIDGET = "application/vnd.jupyter.widget-view+json"


def open_control(kernel: Kernel) -> str:
    """What a page does when it connects; gives the comm's ID."""
    content = {"comm_id": "c" * 32, "target_name": "jupyter.widget.control", "data": {}}
    message = kernel.client.session.msg("comm_open", content, metadata={"version": "1.0.0"})
    message["metadata"] = {"version": "1.0.0"}
    kernel.client.shell_channel.send(message)
    return str(message["header"]["msg_id"])


def states(kernel: Kernel) -> dict[str, Any]:
    """All widgets that the kernel tells a page of."""
    content = {"comm_id": "c" * 32, "data": {"method": "request_states"}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", content))
    while True:
        data = kernel.wait_for("comm_msg")["data"]
        if data.get("method") == "update_states":
            return dict(data["states"])


def send(kernel: Kernel, kind: str, content: dict[str, Any], **header: str) -> None:
    message = kernel.client.session.msg(kind, content, metadata={"version": "1.0.0"})
    message["header"].update(header)
    kernel.client.shell_channel.send(message)


@pytest.mark.parametrize("over_subshell", [False, True])
def test_message_right_behind_the_opening_of_its_comm_is_answered(
    kernel: Kernel, over_subshell: bool
) -> None:
    """Even if a page says it over a subshell, which is quicker; and no page reads of it."""
    header = {}
    if over_subshell:
        kernel.client.control_channel.send(kernel.client.session.msg("create_subshell_request"))
        reply = kernel.client.get_control_msg(timeout=10)["content"]
        header["subshell_id"] = reply["subshell_id"]
    opened = {f"{number:032x}" for number in range(100)}
    for comm_id in opened:
        target = {"comm_id": comm_id, "target_name": "jupyter.widget.control", "data": {}}
        asked = {"comm_id": comm_id, "data": {"method": "request_states"}}
        send(kernel, "comm_open", target)
        send(kernel, "comm_msg", asked, **header)
    send(kernel, "comm_msg", {"comm_id": "f" * 32, "data": {}})
    while opened:
        message = kernel.client.get_iopub_msg(timeout=30)
        assert message["header"]["msg_type"] != "stream", message["content"]
        if message["content"].get("data", {}).get("method") == "update_states":
            opened.remove(message["content"]["comm_id"])
    assert not kernel.run("RUN hello", cell_id="mine").of("stream")


@pytest.fixture
def old_card(kernel: Kernel) -> dict[str, Any]:
    """An output as another kernel left it in a notebook."""
    data = kernel.run("RUN hello", cell_id="old").of("update_display_data")[0]["data"]
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_card_of_a_saved_notebook_lives_again_under_its_id(
    tmp_path: Path, old_card: dict[str, Any]
) -> None:
    path = tmp_path / "old.ipynb"
    hostile = {"output_type": "display_data", "metadata": {}}
    hostile["data"] = {CARD: {"version": 1, "model_id": "evil", "cell_id": ["x"], "diff": 7}}
    write_notebook(path, {"old": "RUN hello", "bad": "RUN"}, {"old": [old_card], "bad": [hostile]})
    with started(
        "tests.functional.kernel.scripted", tmp_path, JPY_SESSION_NAME=str(path)
    ) as kernel:
        open_control(kernel)
        model_id = old_card["data"][WIDGET]["model_id"]
        assert states(kernel)[model_id]["state"]["header"]
        open_control(kernel)
        assert model_id in states(kernel), "a second page finds the same widget"
        again = kernel.run("RUN hello", cell_id="old")
        assert model_id in [content["comm_id"] for content in again.of("comm_close")]


def test_page_that_asks_which_widgets_there_are_hears_of_the_saved_cards(
    tmp_path: Path, old_card: dict[str, Any]
) -> None:
    path = tmp_path / "old.ipynb"
    write_notebook(path, {"old": "RUN hello"}, {"old": [old_card]})
    with started(
        "tests.functional.kernel.scripted", tmp_path, JPY_SESSION_NAME=str(path)
    ) as kernel:
        reply = kernel.ask("comm_info", "jupyter.widget")
        assert old_card["data"][WIDGET]["model_id"] in reply["comms"]


def test_page_hears_of_the_widgets_while_a_cell_runs(kernel: Kernel) -> None:
    request = kernel.send("RUN sleep", cell_id="busy")
    shown = kernel.wait_for("display_data")
    open_control(kernel)
    assert shown["data"][WIDGET]["model_id"] in states(kernel)
    kernel.manager.interrupt_kernel()
    assert kernel.collect(request).reply["status"] == "error"
