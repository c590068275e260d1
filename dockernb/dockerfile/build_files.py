"""COPY and ADD: sources, destination, heredocs as files."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dockernb.dockerfile.flags import Flags, read_flags
from dockernb.dockerfile.instructions import AddInstruction, CopyInstruction, Heredoc
from dockernb.dockerfile.library import parse_heredoc_marker
from dockernb.dockerfile.syntax import Node
from dockernb.errors import DockerfileSyntaxError

__all__ = ["build_add", "build_copy"]


@dataclass(frozen=True)
class _Transfer:
    flags: Flags
    sources: tuple[str, ...]
    heredocs: tuple[Heredoc, ...]
    destination: str


def build_copy(node: Node) -> CopyInstruction:
    """COPY from its node; DockerfileSyntaxError as BuildKit's `parseCopy`."""
    found = _transfer(node)
    flags = found.flags
    return CopyInstruction(
        node.original,
        node.lines,
        sources=found.sources,
        destination=found.destination,
        heredocs=found.heredocs,
        from_image=flags.text("from"),
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        link=flags.is_set("link"),
        parents=flags.is_set("parents"),
        excludes=flags.texts("exclude"),
        comments=node.comments,
    )


def build_add(node: Node) -> AddInstruction:
    """ADD from its node; DockerfileSyntaxError as BuildKit's `parseAdd`."""
    found = _transfer(node)
    flags = found.flags
    return AddInstruction(
        node.original,
        node.lines,
        sources=found.sources,
        destination=found.destination,
        heredocs=found.heredocs,
        checksum=flags.text("checksum"),
        keep_git_dir=flags.switch("keep-git-dir"),
        unpack=flags.switch("unpack"),
        chown=flags.text("chown"),
        chmod=flags.text("chmod"),
        link=flags.is_set("link"),
        excludes=flags.texts("exclude"),
        comments=node.comments,
    )


def _transfer(node: Node) -> _Transfer:
    if len(node.args) < 2:
        raise DockerfileSyntaxError(
            f"{node.name} requires at least two arguments, but only one was provided. "
            "Destination could not be determined",
            hint=f"Write `{node.name} <source>... <destination>`.",
        )
    flags = read_flags(node.flags, node.name)
    *words, destination = node.args
    if _marker(destination) is not None:
        raise DockerfileSyntaxError(
            f"{node.name} cannot accept a heredoc as a destination",
            hint=f"Write the heredoc first: `{node.name} {destination} /path/of/the/file`.",
        )
    # Looked up by name, as BuildKit does: of two heredocs with one name the last body counts.
    bodies = {heredoc.name: heredoc for heredoc in node.heredocs}
    sources: list[str] = []
    heredocs: list[Heredoc] = []
    for word in words:
        marker = _marker(word)
        if marker is None:
            sources.append(word)
        else:
            heredocs.append(_with_body(marker, bodies.get(marker.name)))
    return _Transfer(flags, tuple(sources), tuple(heredocs), destination)


def _with_body(marker: Heredoc, body: Heredoc | None) -> Heredoc:
    if body is None:
        return marker
    return replace(marker, content=body.content, raw=body.raw)


def _marker(word: str) -> Heredoc | None:
    try:
        return parse_heredoc_marker(word)
    except ValueError:
        return None  # a word with an open quote is a plain path here
