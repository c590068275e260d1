from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from .client import CARD


def executed(kernelspec: str, folder: Path, *sources: str) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    client = NotebookClient(
        notebook,
        kernel_name=kernelspec,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()


def test_every_instruction_has_one_finished_card_in_the_notebook(
    kernelspec: str, tmp_path: Path
) -> None:
    notebook = executed(kernelspec, tmp_path, "FROM busybox", "# nothing", "ENV A=1\nRUN hello")
    found = [[output.data[CARD] for output in cell.outputs] for cell in notebook.cells]
    assert [[card["instruction"] for card in cards] for cards in found] == [
        ["FROM"], [], ["ENV", "RUN"]
    ]  # fmt: skip
    assert {card["status"] for cards in found for card in cards} == {"built"}
    last = notebook.cells[-1].outputs[-1].data
    assert "hello" in last["text/plain"]
    assert "hello" in last["text/html"]


def test_failing_cell_stops_the_notebook_with_its_error(kernelspec: str, tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError, match="InstructionFailedError") as caught:
        executed(kernelspec, tmp_path, "FROM busybox", "RUN exit 9")
    assert caught.value.evalue == "RUN ended with exit code 9"
    assert "cell [2]" in caught.value.traceback
