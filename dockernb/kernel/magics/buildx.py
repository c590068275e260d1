"""The magic that builds the notebook on any buildx builder."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial

from dockernb.errors import BuildInterruptedError, DockernbError
from dockernb.kernel.cell import split_cell
from dockernb.kernel.execution import Workspace
from dockernb.kernel.export import dockerfile_of
from dockernb.kernel.reply import as_dockernb_error
from dockernb.ui.build_view import BuildStatus, BuildView, build_text, line_text, report_json
from dockernb.use.buildx.command import Built, Job, check_options, run_buildx
from dockernb.use.buildx.rows import BuildRows
from dockernb.use.buildx.steps import BuildCell

from .place import show_json
from .registry import MagicCall, MagicError, magic

__all__: list[str] = []

_USAGE = "%buildx [BUILDX OPTIONS] [--json]"
_MOST_WORDS = 1000
_OPTIONS = (
    "-t", "--builder", "--platform", "--push", "--load", "--no-cache", "--pull", "--target",
    "--cache-from", "--cache-to", "--output", "--json",
)  # fmt: skip


@magic(_USAGE, values=_OPTIONS)
def buildx(call: MagicCall) -> None:
    """Builds the notebook with `docker buildx build`, on any of its builders.

    The options are those of buildx: --builder NAME, --platform A,B, -t NAME, --push, --load and so
    on; where no -t, --push, --load or -o is given, the result stays in the builder. %arg, %build,
    %secret and %context count. The card has a row for each instruction of the notebook, with a
    button that goes to its cell. An interrupt ends the build. --json gives the rows as JSON.
    """
    words = call.words(_MOST_WORDS)
    as_json = "--json" in words
    options = [word for word in words if word != "--json"]
    if wrong := check_options(options):
        raise MagicError(wrong.replace("dockernb build", "%buildx"), hint=f"usage: {_USAGE}")
    cells = _cells(call)
    dockerfile = dockerfile_of([cell.source for cell in cells])
    if not dockerfile.strip():
        raise MagicError(
            "no cell has an instruction yet", hint="The first cell is usually FROM busybox"
        )
    session = call.session
    job = Job(
        dockerfile,
        session.context_root.absolute(),
        call.workspace.build_args,
        session.secrets,
        session.flags,
        tuple(options),
    )
    _Build(call, job, cells).run(as_json=as_json)


def _cells(call: MagicCall) -> list[BuildCell]:
    """The code cells in order; each is called by the number beside it."""
    order = call.workspace.order.cells(call.cell_id)
    if order is None:
        sources = call.workspace.order.sources(call.cell_id)
        return [BuildCell(f"cell {number}", each) for number, each in enumerate(sources, 1)]
    counts = call.workspace.counts
    with_text = {cell.id for cell in order if split_cell(cell.source).body.strip()}
    known = with_text <= counts.keys()
    return [
        BuildCell(
            f"[{counts[cell.id]}]" if known and cell.id in counts else f"cell {number}",
            cell.source,
            cell.id,
        )
        for number, cell in enumerate(order, 1)
    ]


class _Build:
    """One build and what is shown of it."""

    def __init__(self, call: MagicCall, job: Job, cells: Sequence[BuildCell]) -> None:
        self._call = call
        self._job = job
        self._rows = BuildRows(cells)
        self._begun = time.monotonic()
        self._built: Built | None = None
        self._error: DockernbError | None = None

    def run(self, *, as_json: bool) -> None:
        """Builds; raises why it failed when all is shown."""
        call = self._call
        if as_json:
            self._build(lambda _: None)
            show_json(call, report_json(self._view()))
        elif call.publisher.front_end == "terminal":
            self._build(call.say)
            call.say(build_text(self._view()))
        else:
            self._on_card()
        if self._error is not None:
            raise self._error

    def _on_card(self) -> None:
        from dockernb.ui.build_card import BuildCard  # noqa: PLC0415 - loads ipywidgets

        call, display_id = self._call, uuid.uuid4().hex
        go = partial(_go, call.workspace)
        card = BuildCard(self._view, call.cancel.set, go, call.cell_id)
        call.workspace.cards.add(call.cell_id, card)
        call.publisher.display(*card.bundle(), display_id)
        self._build(card.hear)
        card.finish()
        call.publisher.update(*card.bundle(), display_id)

    def _build(self, hear: Callable[[str], None]) -> None:
        """Runs buildx to its end; why it failed is kept."""
        cancel = self._call.cancel

        def take(text: str) -> None:
            told = self._rows.take(text)
            if told is not None:
                hear(line_text(*told))

        try:
            built = run_buildx(self._job, take, cancel=cancel, stdout=subprocess.DEVNULL)
        except Exception as caught:  # noqa: BLE001 - a bug must not leave a card that runs on
            self._rows.finish(1)
            self._error = as_dockernb_error(caught)
            return
        self._rows.finish(built.exit_code)
        if built.exit_code != 0:
            self._error = (
                BuildInterruptedError("interrupted", state="buildx has ended the build.")
                if cancel.is_set()
                else self._rows.error(built.exit_code)
            )
        self._built = built

    def _view(self) -> BuildView:
        status: BuildStatus = "built" if self._built is not None else "running"
        error = self._error
        if isinstance(error, BuildInterruptedError):
            status, error = "interrupted", None
        elif error is not None:
            status = "failed"
        seconds = time.monotonic() - self._begun
        return BuildView(self._rows.rows, self._rows.now(), seconds, status, self._built, error)


def _go(workspace: Workspace, cell_id: str) -> None:
    workspace.tell_page({"go": cell_id})
