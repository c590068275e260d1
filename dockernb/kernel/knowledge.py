"""What completion and help know: the session's cells, its snapshots, the engine and the disk."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dockernb.complete.knowledge import Found
from dockernb.complete.names import Declared, declared_in
from dockernb.complete.wanted import Kind
from dockernb.errors import DockernbError
from dockernb.look.context_names import context_names
from dockernb.look.lineage import lineage
from dockernb.use.image_tags import repository_of

from .cell import split_cell
from .execution import Workspace
from .images import Images
from .magics import all_magics

if TYPE_CHECKING:
    from dockernb.look.folder_index import FolderIndex
    from dockernb.session import Scope

__all__ = ["SessionKnowledge"]

# A question waits so long for what is read in the background, all its parts together.
WAIT_SECONDS = 0.6
_MAX_NAMES = 500
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class SessionKnowledge:
    """Answers one question about a cell. See `Knowledge`.

    Args:
        code: The cell's text.
        above: Text of the cell above the instruction at the cursor.
        page: Session ID of the front end that asks.
    """

    def __init__(
        self, workspace: Workspace, images: Images, code: str, above: str, page: str = ""
    ) -> None:
        self._workspace = workspace
        self._images = images
        self._until = time.monotonic() + WAIT_SECONDS
        self._scope, self._declared = self._names_at(code, above, page)

    def _names_at(self, code: str, above: str, page: str) -> tuple[Scope, Declared]:
        """What the nearest cell above left that was built, and what the texts below it declare."""
        session, args = self._workspace.session.get(), self._workspace.build_args
        cells, cell_id = self._workspace.order.around(page, code)
        scope, globals_ = session.scope(), Declared()
        texts: list[str] = []
        if cell_id is not None:
            ids = [cell.id for cell in cells]
            before = cells[: ids.index(cell_id)]
            for cell in before:
                globals_ = declared_in([split_cell(cell.source).body], globals_, args)
                if globals_.stages:  # from here on an ARG is its stage's own
                    break
            for cell in reversed(before):
                scope = session.scope(cell.id)
                if scope.stages or scope.variables:
                    break
                texts.insert(0, split_cell(cell.source).body)
        known = Declared(
            scope.stages,
            scope.variables,
            globals_.global_arguments or ({} if scope.stages else scope.variables),
            scope.working_dir,
        )
        return scope, declared_in([*texts, above], known, args)

    # --- names ----------------------------------------------------------------------------------
    def stages(self) -> Sequence[str]:
        return self._declared.stages

    def variables(self) -> Mapping[str, str]:
        return self._declared.variables

    def global_arguments(self) -> Mapping[str, str]:
        return self._declared.global_arguments

    def build_args(self) -> Collection[str]:
        return self._workspace.build_args

    def working_dir(self) -> str:
        return self._declared.working_dir or "/"

    def images(self, typed: str) -> Sequence[str]:
        session = self._workspace.session.get()
        repository = repository_of(typed)
        if repository is not None:
            self._images.tags(repository, 0.0)  # asked at the same time as the engine
        found = list(self._images.local(session, self._wait()))
        if repository is not None:
            found += self._images.tags(repository, self._wait())
        return list(dict.fromkeys(found))

    def listed(self, kind: Kind) -> Sequence[str]:
        session = self._workspace.session.get()
        if kind == "secret":
            return session.secret_ids
        if kind == "run":
            return [run.facts.name for run in session.runs.all()]
        if kind == "environment":
            return sorted(os.environ)
        if kind == "exercise":
            return sorted(path.stem for path in Path("checks").glob("*.toml"))
        if kind == "magic name":
            return list(dict.fromkeys(magic.name for magic in all_magics()))
        if kind == "archive form":
            return ("docker", "oci")
        if kind in ("snapshot", "step"):
            return self._steps(named=kind == "snapshot")
        return ()

    def _steps(self, *, named: bool) -> list[str]:
        results = self._workspace.session.get().results()
        numbers = [str(result.step) for result in results if result.snapshot is not None]
        stages = [stage for stage in self.stages() if not stage.isdecimal()] if named else []
        return [*numbers, *stages]

    # --- the snapshot ---------------------------------------------------------------------------
    def users(self) -> Sequence[str]:
        return self._names("/etc/passwd")

    def groups(self) -> Sequence[str]:
        return self._names("/etc/group")

    def commands(self) -> Collection[str]:
        index = self._index()
        return index.commands(self.variables().get("PATH") or _PATH) if index else ()

    def folder(self, path: str, of: str) -> Sequence[Found]:
        index = self._index(of)
        if index is None:
            return ()
        inside = path.rstrip("/")
        return [
            Found(name, index.is_folder(f"{inside}/{name}"), index.runs(f"{inside}/{name}"))
            for name in index.names(path)
        ]

    def get_ready(self) -> None:
        """Begins to read the snapshot in the background: Tab may soon ask for its files."""
        if self._scope.snapshot:
            self._until = time.monotonic()
            self._index()

    def _index(self, of: str = "") -> FolderIndex | None:
        try:
            image_id = self._image_of(of)
            if image_id is None:
                return None
            results = self._workspace.session.get().results()
            made = [r for r in results if r.snapshot is not None and r.snapshot.id == image_id]
            index = self._workspace.index()
            if not made:
                return index.image_folders(image_id, self._wait())
            return index.folders(lineage(results, made[-1]), self._wait())
        except DockernbError:
            return None

    def _names(self, path: str) -> Sequence[str]:
        try:
            image_id = self._image_of("")
            if image_id is None:
                return ()
            results = self._workspace.session.get().results()
            made = [r for r in results if r.snapshot is not None and r.snapshot.id == image_id]
            index = self._workspace.index()
            if not made:
                return index.image_names(image_id, path, self._wait())
            return index.names(lineage(results, made[-1]), path, self._wait())
        except DockernbError:
            return ()

    def _image_of(self, name: str) -> str | None:
        """The ID of a stage or image; "": of what the cell stands on, built or at least named."""
        session = self._workspace.session.get()
        if not name:
            if not self._declared.opened:
                return self._scope.snapshot
            name = self._declared.opened
        if name.lower() in (stage.lower() for stage in self._scope.stages):
            return session.image_of(name).image_id
        image = session.engine().find_image(name)
        return image.id if image is not None else None

    # --- files ----------------------------------------------------------------------------------
    def context(self, path: str) -> Sequence[Found]:
        found = context_names(self._workspace.session.get().context, path)
        return [Found(name, is_folder) for name, is_folder in found[:_MAX_NAMES]]

    def disk(self, path: str) -> Sequence[Found]:
        try:
            with os.scandir(Path(path or ".").expanduser()) as entries:
                return [Found(entry.name, entry.is_dir()) for entry in entries][:_MAX_NAMES]
        except (OSError, ValueError, RuntimeError):
            return ()

    def _wait(self) -> float:
        return max(0.0, self._until - time.monotonic())
