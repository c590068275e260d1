"""What a session knows without its engine: its settings, and what its cells have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .build_flags import parse_flags
from .chain import CellChain
from .context import BuildContext
from .context_read import folders_read
from .context_view import ContextView, view_context
from .file_changes import FileChanges
from .freshness import Freshness
from .result import StepResult
from .session_values import CellText, Scope, SessionOptions, scope_of
from .survey import CellState, survey

__all__ = ["NotebookRecord"]


class NotebookRecord:
    """The base of a session.

    Attributes:
        files: What changed of the files that cells copied.
    """

    def __init__(self, options: SessionOptions) -> None:
        self._options = options
        self._chain = CellChain()
        self._context = BuildContext(options.context)
        self._running: str | None = None
        self.files = FileChanges(lambda: self._context)

    # --- looking -------------------------------------------------------------------------------
    def scope(self, cell_id: str | None = None) -> Scope:
        """What names mean after the cell (None: after the last one that ran)."""
        record = self._chain.record(cell_id or self._chain.last or "")
        if record is None:
            return Scope()
        return scope_of(record.after)

    def survey(
        self, cells: Sequence[CellText], settings_ran: Mapping[str, Sequence[str]]
    ) -> list[CellState]:
        """What every cell is: built, stale, not run, failed or running, and why.

        Runs nothing, asks no engine; files that cells copied are looked at as `files` remembers.

        Args:
            settings_ran: For each cell the `setting_lines` that it ran with.
        """
        texts = [(cell.id, cell.source) for cell in cells]
        freshness = Freshness(self._options.build_args, self.files.remembered, self.flags)
        return survey(texts, self._chain, freshness, settings_ran, self._running)

    def folders_read(self) -> frozenset[Path]:
        """The folders whose files the cells copied; a change there may make a cell stale."""
        return folders_read(self._context, self._chain.records())

    def view_context(self, cells: Sequence[str]) -> ContextView:
        """Which files the cells read, and which line of .dockerignore takes out what.

        Args:
            cells: IDs of all code cells in order; empty: those that ran, in their order.
        """
        return view_context(self._context, self._chain.records(), cells or self._chain.order)

    def results(self) -> list[StepResult]:
        """The newest result of every step that ran here, in the order of the notebook."""
        return [result for record in self._chain.records() for result in record.results]

    @property
    def context_root(self) -> Path:
        """Root of the build context."""
        return self._options.context

    @property
    def context(self) -> BuildContext:
        """The build context."""
        return self._context

    @property
    def secret_ids(self) -> tuple[str, ...]:
        """Which secrets are set; not what they are."""
        return tuple(self._options.secrets)

    # --- settings (the magics) -----------------------------------------------------------------
    def set_context(self, root: Path) -> None:
        """Another build context, from the next cell on."""
        self._context = BuildContext(root)
        self._options = replace(self._options, context=root)
        self.files.look_again()

    def set_build_arg(self, name: str, value: str | None) -> None:
        """Sets (None: removes) a build arg; cells that used the old value become stale."""
        values = {key: old for key, old in self._options.build_args.items() if key != name}
        if value is not None:
            values[name] = value
        self._options = replace(self._options, build_args=values)

    def set_secret(self, secret_id: str, content: bytes) -> None:
        """Keeps a secret in memory for `RUN --mount=type=secret`."""
        secrets = {**self._options.secrets, secret_id: content}
        self._options = replace(self._options, secrets=secrets)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags in force, as they are written."""
        return self._options.flags.words

    def set_flags(self, words: Sequence[str]) -> None:
        """Flags of `docker build` for the next cells, in the place of those before.

        Raises:
            BuildError: one is unknown, or its value is wrong; those before stay.
        """
        flags = parse_flags(words, self.context_root)
        self._options = replace(self._options, flags=flags)

    def use_cache(self, enabled: bool) -> None:
        """Switches the build cache on or off."""
        self._options = replace(self._options, use_cache=enabled)
