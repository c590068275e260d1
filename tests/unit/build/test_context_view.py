"""What the reader is shown of the build context."""

from __future__ import annotations

from pathlib import Path

from dockernb.build.chain import CellRecord
from dockernb.build.context import BuildContext
from dockernb.build.context_read import ContextRead, folders_read
from dockernb.build.context_view import view_context
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import collect_from_context
from dockernb.build.state import BuildState
from dockernb.ui.context_text import context_text


def test_view_names_what_cells_read_and_which_line_excludes_what(tmp_path: Path) -> None:
    for name in ("app/main.py", "app/keep.log", "app/x.log", "build/a/b/c.o", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("build\n**/*.log\n!app/keep.log\nnothing\n")
    context = BuildContext(tmp_path)
    request = CopyRequest(("app",), "/app")
    read = ContextRead(request, collect_from_context(request, context).content)
    record = CellRecord("c", "COPY app /app", BuildState(), BuildState(), reads=(read,))
    (tmp_path / "app/main.py").unlink()
    assert folders_read(context, [record]) == {tmp_path, tmp_path / "app"}
    view = view_context(context, [record], ["a", "c"])
    assert list(context_text(view)) == [
        "cell 2 reads 2 files, 12 B",
        "  app/keep.log  12 B",
        "  app/main.py  gone",
        ".dockerignore",
        "  line 1: build  excludes build",
        "  line 2: **/*.log  excludes app/x.log",
        "  line 3: !app/keep.log  takes in again",
        "  line 4: nothing  excludes nothing",
    ]


def test_folder_without_dockerignore_shows_nothing_excluded(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert list(context_text(view_context(BuildContext(tmp_path), [], []))) == []
