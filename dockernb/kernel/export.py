"""Writes the notebook as a Dockerfile: for `%export` and the side panel's button."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dockernb.errors import NotebookError
from dockernb.use.transfer import written_aside

from .cell import split_cell

if TYPE_CHECKING:
    from .execution import Workspace

__all__ = ["dockerfile_of", "export_page", "write_dockerfile"]


def dockerfile_of(sources: Sequence[str]) -> str:
    """The Dockerfile of cells with these texts, magics included."""
    from dockernb.dockerfile.export import export_sources  # noqa: PLC0415 - seldom needed

    bodies = [split_cell(source).body for source in sources]
    return export_sources([body for body in bodies if body.strip()])


def write_dockerfile(exported: dict[str, str], path: Path, text: str, *, force: bool) -> str:
    """Writes `text`, unless `path` holds something that this kernel did not write.

    Args:
        exported: What this kernel wrote, by path; brought up to date.

    Returns:
        What was done, for the reader.

    Raises:
        NotebookError: the file holds something else, or cannot be written.
    """
    try:
        there = path.read_text("utf-8", "replace") if path.exists() else None
        if there not in (None, text, exported.get(str(path))) and not force:
            raise NotebookError(
                f'"{path.name}" exists with another text',
                state="Nothing was written.",
                hint=f"To replace it: %export {path.name} --force",
            )
        # Aside, and where a link leads: a full disk must not cost what is there.
        with written_aside(Path(os.path.realpath(path))) as file:
            file.write(text.encode())
    except OSError as error:
        raise NotebookError(
            f'"{path}" cannot be written: {error.strerror}',
            state="Nothing was written; a file that was there is as it was.",
        ) from error
    exported[str(path)] = text
    return f"wrote {path} ({len(text.splitlines())} lines)"


def export_page(workspace: Workspace, cells: Sequence[tuple[str, str]]) -> str:
    """Writes the cells of a page to "Dockerfile" in the notebook's folder."""
    text = dockerfile_of([source for _, source in cells])
    return write_dockerfile(workspace.exported, Path("Dockerfile").absolute(), text, force=False)
