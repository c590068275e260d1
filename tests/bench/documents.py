"""The figures in docs/performance.md: tables between two comments, made anew by each run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .measure import Figure
from .report import goals_in_words, shown

__all__ = ["PAGE", "figures_table", "machine_line", "replace_block"]

PAGE = Path("docs/performance.md")


def replace_block(page: Path, name: str, lines: Iterable[str]) -> None:
    """Puts `lines` between `<!-- NAME -->` and `<!-- end of NAME -->`.

    Raises:
        ValueError: the page has no such place.
    """
    text = page.read_text("utf-8")
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    block = "\n".join([begin, "", *lines, "", end])
    found, count = pattern.subn(lambda _: block, text)
    if count != 1:
        raise ValueError(f'"{page}" has no place for "{name}"')
    page.write_text(found, "utf-8")


def machine_line(report: Mapping[str, Any]) -> str:
    """When and where it was measured."""
    machine = report["machine"]
    return (
        f"Measured on {report['when'][:10]}: {machine['cores']} cores ({machine['processor']}), "
        f"Linux {machine['system']}, Python {machine['python']}."
    )


def figures_table(figures: Sequence[Figure]) -> list[str]:
    """A table in Markdown."""
    lines = ["| what | median | spread | beside it | ratio | goal | reached |", "|" + "---|" * 7]
    for figure in figures:
        ours = figure.ours
        least, most = shown(min(ours.values), ours.unit), shown(max(ours.values), ours.unit)
        cells = [
            figure.name,
            shown(ours.median, ours.unit),
            f"{least} to {most}" if len(ours.samples) > 1 else "",
            "<br>".join(
                f"{each.what} {shown(each.median, each.unit)}" for each in figure.references
            ),
            "<br>".join(f"{figure.ratio(each.what):.2f}" for each in figure.references),
            "<br>".join(goals_in_words(figure)),
            {True: "yes", False: "**no**", None: ""}[figure.reached],
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
