"""How often the files that cells copied are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.build.chain import CellRecord
from dockernb.build.context import BuildContext
from dockernb.build.context_read import ContextRead
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import collect_from_context
from dockernb.build.file_changes import FileChanges
from dockernb.build.state import BuildState


def copied(folder: Path, count: int) -> tuple[FileChanges, CellRecord]:
    """A cell that has copied so many files."""
    for number in range(count):
        (folder / f"{number}").write_text("")
    context = BuildContext(folder)
    request = CopyRequest((".",), "/app")
    read = ContextRead(request, collect_from_context(request, context).content)
    record = CellRecord("a", "COPY . /app", BuildState(), BuildState(), reads=(read,))
    return FileChanges(lambda: context), record


@pytest.mark.parametrize("count", [3, 1200])
def test_typing_does_not_look_at_files_until_something_is_told_of_them(
    tmp_path: Path, count: int
) -> None:
    files, record = copied(tmp_path, count)
    assert files.remembered(record) == ()
    (tmp_path / "0").write_text("changed")
    assert files.remembered(record) == ()
    files.look_again()
    assert files.remembered(record) == ("0 changed",)


@pytest.mark.parametrize(
    ("count", "watched", "seen"),
    [(3, True, True), (1200, True, False), (1200, False, True)],
)
def test_cell_that_runs_looks_at_its_files_unless_they_are_many_and_watched(
    tmp_path: Path, count: int, watched: bool, seen: bool
) -> None:
    files, record = copied(tmp_path, count)
    files.watched = watched
    assert files.now(record) == ()
    (tmp_path / "0").write_text("changed")
    assert files.now(record) == (("0 changed",) if seen else ())
    files.look_again()  # as the watcher says
    assert files.now(record) == ("0 changed",)
