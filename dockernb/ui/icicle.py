"""An image's bytes as a picture of boxes in boxes: the wider, the more; red is lost.

It is a list in a list, drawn by its styles alone: no script, no outside file, no computed colour.
So it can be read in a notebook that nobody trusts yet, on light and on dark pages, and a screen
reader reads it as what it is.
"""

from __future__ import annotations

from html import escape
from typing import Any

from ..look.space_tree import SpaceNode
from ..look.step_row import one_line
from .figures import format_bytes, format_count
from .look_tables import NameOf
from .visible import visible

__all__ = ["icicle_html", "icicle_page", "icicle_text", "icicle_trait"]

_KEPT, _LOST = "rgba(47,125,224,0.30)", "rgba(224,69,61,0.55)"
_LINE = "1px solid rgba(128,128,128,0.5)"
_ROOT = f"border:{_LINE};border-radius:6px;margin:4px 0;padding:8px 12px;font-size:13px"
_LIST = "display:flex;list-style:none;margin:0;padding:0"
_LABEL = (
    "height:20px;line-height:20px;padding:0 4px;overflow:hidden;white-space:nowrap;"
    f"text-overflow:ellipsis;font-size:11px;border:{_LINE};border-radius:2px"
)
_NARROW = 0.001  # of the picture: thinner boxes are left out
_DEEPEST = 6


def node_name(node: SpaceNode, name_of: NameOf) -> str:
    """How a reader knows the part."""
    if node.step is None:
        return "image"
    if "/" in node.name:
        return visible(node.name)
    return visible(f"{name_of(node.step)} {one_line(node.step.source, 60)}")


def node_facts(node: SpaceNode, total: int) -> str:
    """Bytes, share, files, and what is lost of it."""
    share = f"{100 * node.size / total:.1f} %" if total else ""
    facts = [format_bytes(node.size), share]
    facts += [format_count(node.files, "file")] if node.files else []
    if node.lost:
        facts.append(f"{format_bytes(node.lost)} of it removed or replaced later")
    return ", ".join(fact for fact in facts if fact)


def icicle_html(root: SpaceNode, name_of: NameOf, *, focusable: bool = False) -> str:
    """The picture.

    Args:
        focusable: Each box can be reached with the Tab key (for a page of our own).
    """
    if not root.size:
        return ""
    label = escape(f"Where the image's {format_bytes(root.size)} are")
    boxes = _list(root, root.size, name_of, 1, focusable=focusable)
    legend = (
        f'<div style="margin-top:6px">{_swatch(_KEPT)} in the image '
        f"{format_bytes(root.size - root.lost)} &nbsp; {_swatch(_LOST)} removed or replaced by a "
        f"later step {format_bytes(root.lost)}</div>"
    )
    title = f'<div style="font-weight:600;margin-bottom:6px">{label}</div>'
    return f'<div role="group" aria-label="{label}" style="{_ROOT}">{title}{boxes}{legend}</div>'


def icicle_page(root: SpaceNode, name_of: NameOf) -> str:
    """The picture as a page of its own, in the reader's light or dark colours."""
    style = (
        ":root{color-scheme:light dark}"
        "body{font:14px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto}"
        "div:focus-visible{outline:2px solid;overflow:visible;background-color:Canvas}"
    )
    picture = icicle_html(root, name_of, focusable=True)
    return (
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Where the bytes are</title>'
        f"<style>{style}</style>{picture}</html>\n"
    )


def icicle_text(root: SpaceNode, name_of: NameOf) -> str:
    """The tree as indented lines, a part a line."""
    return "\n".join(_lines(root, root.size, name_of, 0)) if root.size else ""


def icicle_trait(root: SpaceNode, name_of: NameOf) -> dict[str, Any]:
    """The tree for the live picture: names and facts are ready to be shown."""

    def node(each: SpaceNode) -> dict[str, Any]:
        return {
            "name": node_name(each, name_of),
            "facts": node_facts(each, root.size),
            "bytes": each.size,
            "lost": each.lost,
            "children": [node(child) for child in each.children],
        }

    return node(root)


def _list(node: SpaceNode, total: int, name_of: NameOf, depth: int, *, focusable: bool) -> str:
    wide = [child for child in node.children if child.size >= total * _NARROW]
    if not wide or depth > _DEEPEST:
        return ""
    items = "".join(
        f'<li style="width:{100 * child.size / node.size:.2f}%;min-width:0">'
        f"{_box(child, total, name_of, focusable=focusable)}"
        f"{_list(child, total, name_of, depth + 1, focusable=focusable)}</li>"
        for child in wide
    )
    return f'<ul style="{_LIST}">{items}</ul>'


def _box(node: SpaceNode, total: int, name_of: NameOf, *, focusable: bool) -> str:
    name, facts = escape(node_name(node, name_of)), escape(node_facts(node, total))
    colour = _LOST if node.lost * 2 > node.size else _KEPT
    tab = ' tabindex="0"' if focusable else ""
    return (
        f'<div title="{name}: {facts}" style="{_LABEL};background-color:{colour}"{tab}>'
        f"{name} {facts}</div>"
    )


def _swatch(colour: str) -> str:
    style = f"display:inline-block;width:10px;height:10px;background-color:{colour}"
    return f'<span style="{style}"></span>'


def _lines(node: SpaceNode, total: int, name_of: NameOf, depth: int) -> list[str]:
    lines = [f"{'  ' * depth}{node_name(node, name_of)}  {node_facts(node, total)}"]
    if depth < 3:
        for child in node.children:
            lines += _lines(child, total, name_of, depth + 1)
    return lines
