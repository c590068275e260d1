"""The difference of two snapshots as text."""

from __future__ import annotations

from collections.abc import Iterator

from ..build.image_diff import FileDifference, ImageDifference
from ..oci.digest import short_id
from .figures import format_bytes
from .visible import visible
from .words import value_text

__all__ = ["diff_text"]


def diff_text(left: str, right: str, found: ImageDifference, *, limit: int) -> Iterator[str]:
    """Line by line: a head with the totals, a path a line, then the config.

    Args:
        left, right: What the reader calls the two.
        limit: So many paths at most; the others are counted.
    """
    names = (
        f"{visible(left)} ({short_id(found.left)}) -> {visible(right)} ({short_id(found.right)})"
    )
    if not found.files and not found.config:
        yield f"{names}: no difference"
        return
    counts = found.counts()
    grown = ("-" if found.grown < 0 else "+") + format_bytes(abs(found.grown))
    yield (f"{names}: {counts['A']} added, {counts['M']} modified, {counts['D']} deleted, {grown}")
    for file in found.files[:limit]:
        yield _file_line(file)
    if len(found.files) > limit:
        yield f"... and {len(found.files) - limit} paths more (--json names all)"
    for change in found.config:
        yield (
            f"config  {visible(change.field)}: {value_text(change.before)}"
            f" -> {value_text(change.after)}"
        )


def _file_line(file: FileDifference) -> str:
    path = visible(file.path) + ("/" if file.type == "dir" else "")
    sizes = [format_bytes(size) for size in (file.before, file.after) if size is not None]
    if len(sizes) == 2 and "content" not in file.what:
        sizes = []
    what = [visible(text) for text in file.what if text != "content" or not sizes]
    more = ", ".join([*([" -> ".join(sizes)] if sizes else []), *what])
    return f"{file.change}  {path}" + (f"  ({more})" if more else "")
