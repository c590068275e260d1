"""What a check found, as text and as static HTML: by cell, with the line that it is about."""

from __future__ import annotations

from html import escape

from ..lint.check import LintReport, PlacedFinding
from ..lint.finding import LEVELS
from .figures import format_bytes, format_count
from .visible import visible

__all__ = ["findings_by_cell", "lint_html", "lint_text"]

_COLORS = {"error": "#e0453d", "warning": "#a37200", "info": "#2f7de0", "style": "#808080"}
_ROW = "border-top:1px solid rgba(128,128,128,0.4);padding:4px 0"


def lint_text(report: LintReport) -> str:
    """A line for each finding, the line of the cell below it."""
    lines = []
    for placed in report.findings:
        finding = placed.finding
        lines.append(
            f"{_place(placed)}: {finding.level} {finding.rule}: {visible(finding.message)}"
        )
        if placed.excerpt:
            lines.append(f"    {visible(placed.excerpt[:160])}")
    return "\n".join([*lines, _sum(report), *report.notes])


def lint_html(report: LintReport) -> str:
    """The same, each rule with a link to the page that explains it."""
    rows = "".join(_row(placed) for placed in report.findings)
    notes = "".join(f"<div>{escape(text)}</div>" for text in (_sum(report), *report.notes))
    return f"<div>{rows}<div style='{_ROW}'>{notes}</div></div>"


def findings_by_cell(report: LintReport) -> dict[str, list[list[str]]]:
    """For the cards: cell ID -> level, place, rule, message and link of each finding."""
    found: dict[str, list[list[str]]] = {}
    for placed in report.findings:
        if placed.cell is not None:
            finding = placed.finding
            place = f"line {placed.line}" if placed.cell.count > 1 else ""
            row = [finding.level, place, finding.rule, finding.message, finding.link]
            found.setdefault(placed.cell.cell_id, []).append(row)
    return found


def _row(placed: PlacedFinding) -> str:
    finding = placed.finding
    color = _COLORS[finding.level]
    rule = escape(finding.rule)
    if finding.link.startswith("https://"):
        rule = f'<a href="{escape(finding.link)}" target="_blank" rel="noopener">{rule}</a>'
    excerpt = escape(visible(placed.excerpt[:160]))
    return (
        f'<div style="{_ROW}"><b>{escape(_place(placed))}</b> '
        f'<span style="color:{color};font-weight:600">{finding.level}</span> {rule} '
        f"{escape(visible(finding.message))}"
        f'<div style="font-family:monospace;opacity:0.75">{excerpt}</div></div>'
    )


def _place(placed: PlacedFinding) -> str:
    if placed.cell is None:
        return f"line {placed.line} of the exported file"
    return f"{placed.cell.label} line {placed.line}"


def _sum(report: LintReport) -> str:
    if not report.findings:
        return "nothing found"
    counts = [
        f"{count} {level}"
        for level in LEVELS
        if (count := sum(each.finding.level == level for each in report.findings))
    ]
    size = sum(each.finding.bytes or 0 for each in report.findings)
    saved = f"; {format_bytes(size)} could be saved" if size else ""
    return f"{format_count(len(report.findings), 'finding')}: {', '.join(counts)}{saved}"
