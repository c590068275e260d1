"""The magic that checks the whole notebook."""

from __future__ import annotations

from dockernb.kernel.cell import split_cell
from dockernb.lint.cells import exported_cells
from dockernb.lint.check import built_of, lint
from dockernb.ui.lint_view import findings_by_cell, lint_html, lint_text

from .place import show_json
from .registry import MagicCall, MagicError, magic

__all__: list[str] = []


@magic("%lint [--json]", values=("--json",))
def lint_(call: MagicCall) -> None:
    """Checks the whole notebook as one Dockerfile: BuildKit's checks, hadolint, and our own rules.

    What they find is told by cell and line, and stands on the cells' cards. Cells that were built
    add numbers: what a file that is removed too late costs, and in which cell.
    """
    words = call.words(1)
    if words not in ([], ["--json"]):
        raise MagicError("%lint takes nothing but --json", hint="usage: %lint [--json]")
    text, cells = exported_cells(_cells(call))
    if not cells:
        call.say("no cell has an instruction yet")
        return
    results = call.session.results()
    user = call.session.scope().user if results else None
    report = lint(text, cells, built_of(results, cells, user))
    call.workspace.cards.show_findings(findings_by_cell(report))
    if words:
        rows = [each.to_json() for each in report.findings]
        show_json(call, {"findings": rows, "notes": list(report.notes)})
        return
    call.publisher.display({"text/plain": lint_text(report), "text/html": lint_html(report)})


def _cells(call: MagicCall) -> list[tuple[str, str, str]]:
    """ID, label and text of the code cells."""
    order = call.workspace.order.cells(call.cell_id)
    if order is None:
        sources = call.workspace.order.sources(call.cell_id)
        return [("", f"cell {number}", source) for number, source in enumerate(sources, 1)]
    counts = call.workspace.counts
    with_text = [cell for cell in order if split_cell(cell.source).body.strip()]
    known = all(cell.id in counts for cell in with_text)
    return [
        (cell.id, f"[{counts[cell.id]}]" if known else f"cell {number}", cell.source)
        for number, cell in enumerate(order, 1)
        if cell in with_text
    ]
