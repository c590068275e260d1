"""The notebooks as they are committed: what a reader without a kernel has."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import nbformat
import pytest

from dockernb.cli.app import commands
from dockernb.notebook.importer import import_dockerfile

from .notebooks import COURSE, FOLDER, cards, code_cells, is_meant_to_fail, read
from .settled import ARCHIVE, WIDGET, settle, without_mirrors

PAGES = [*COURSE, FOLDER / "01b-alpine.ipynb"]
#: Addresses that a notebook may name: Debian's public archive, and a step's own.
ADDRESSES = {ARCHIVE, "127.0.0.1:8080"}
#: Folders of whoever ran the notebooks: homes, temporary ones, and those of `make course`.
OF_A_MACHINE = re.compile(r"/tmp/(?:pytest|course-)|/home/\w+/notebooks|/build/course")


@pytest.fixture(params=COURSE, ids=lambda path: path.stem)
def page(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    return read(request.param)


def test_every_cell_was_run_in_order_and_shows_what_came_of_it(page: nbformat.NotebookNode) -> None:
    cells = code_cells(page)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == is_meant_to_fail(cell), cell.source
        shows_nothing = cell.source.startswith("#") and "\n" not in cell.source
        assert cell.outputs or shows_nothing or cell.source.startswith("%cache"), cell.source
        assert all(card.model_id is None for card in cards(cell))
        assert all(WIDGET not in output.get("data", {}) for output in cell.outputs)


def test_nothing_of_the_machine_is_in_a_notebook(page: nbformat.NotebookNode) -> None:
    text = nbformat.writes(page)
    assert set(re.findall(r"https?://([^/\s\"'\\<>&]+)", text)) <= ADDRESSES
    assert set(re.findall(r"/lists/([^\"\\\s_]+)_", text)) <= {ARCHIVE}
    assert OF_A_MACHINE.findall(text) == []
    assert str(FOLDER) not in text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_of_a_notebook_lead_to_another(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (FOLDER / target).exists(), target


def test_a_notebook_ends_with_an_exercise_that_says_what_its_check_file_says(
    page: nbformat.NotebookNode,
) -> None:
    *_, start, check = code_cells(page)
    name = check.source.removeprefix("%check ")
    task = tomllib.loads((FOLDER / "checks" / f"{name}.toml").read_text("utf-8"))
    (told,) = [cell.source for cell in page.cells if cell.id == "exercise"]
    assert told.startswith(f"## Exercise: {task['title']}\n")
    assert " ".join(task["goal"].split()) in " ".join(told.split())
    context = re.search(r"^%context (\S+)$", start.source, re.MULTILINE)
    assert context is None or (FOLDER / context[1]).is_dir()


def test_the_last_notebook_shows_the_dockerfile_that_it_repairs() -> None:
    page = read(FOLDER / "10-repair.ipynb")
    for cell_id, folder in (("import-text", "10-repair"), ("exercise", "exercises/repair")):
        (told,) = [cell.source for cell in page.cells if cell.id == cell_id]
        theirs = (FOLDER / folder / "Dockerfile").read_text("utf-8")
        assert f"```dockerfile\n{theirs}```" in told
    cells = import_dockerfile((FOLDER / "10-repair" / "Dockerfile").read_text("utf-8"))
    theirs = [cell["source"] for cell in cells["cells"][:4]]
    shown = [cell.source.removeprefix("%context 10-repair\n") for cell in code_cells(page)[:4]]
    assert shown == theirs


def test_a_run_that_gives_the_same_keeps_the_committed_outputs() -> None:
    before, after, changed = (read(COURSE[1]) for _ in range(3))
    settle(_edited(after, r"\b\d+ ms\b", "9 ms"), before, Path("/somewhere"))
    assert nbformat.writes(after) == nbformat.writes(before)
    settle(_edited(changed, "good morning", "good night"), before, Path("/somewhere"))
    assert "good night" in nbformat.writes(changed)


def _edited(
    notebook: nbformat.NotebookNode, pattern: str, replacement: str
) -> nbformat.NotebookNode:
    """As if the cells had printed something else."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            for mime in ("text/plain", "text/html"):
                data[mime] = re.sub(pattern, replacement, data.get(mime, ""))
    return notebook


def test_the_mirror_of_a_machine_is_called_by_the_public_name() -> None:
    log = "Get:1 http://mirror.example:3142/x/debian bookworm InRelease"
    lists = "/var/lib/apt/lists/mirror.example:3142_x_debian_dists_bookworm_InRelease"
    cells = [nbformat.v4.new_markdown_cell(text) for text in (log, lists)]
    shown = without_mirrors(nbformat.v4.new_notebook(cells=cells)).cells
    assert shown[0].source == f"Get:1 http://{ARCHIVE}/debian bookworm InRelease"
    assert shown[1].source == f"/var/lib/apt/lists/{ARCHIVE}_debian_dists_bookworm_InRelease"


def test_commands_on_the_page_for_teachers_exist() -> None:
    text = (FOLDER.parent / "docs" / "teaching.md").read_text("utf-8")
    written = re.findall(r"^ *dockernb (.+)$|`dockernb ([^`]+)`", text, re.MULTILINE)
    context = click.Context(commands)
    for words in [(block or inline).split() for block, inline in written]:
        command = commands.get_command(context, words[0])
        assert command is not None, words
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, words


def test_a_notebook_names_no_snapshot_but_its_own(page: nbformat.NotebookNode) -> None:
    shown = [card.snapshot for cell in code_cells(page) for card in cards(cell) if card.snapshot]
    assert {snapshot.parent for snapshot in shown} <= {None, *(each.id for each in shown)}
    text = json.dumps([cell.outputs for cell in code_cells(page)])
    named = set(re.findall(r"snapshot ([0-9a-f]{12})\b", text))
    assert named <= {snapshot.short_id for snapshot in shown}
