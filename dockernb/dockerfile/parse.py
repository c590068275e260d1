"""From text to typed instructions: the rules of BuildKit's `instructions` package.

    text --scan--> statements --syntax--> nodes --build--> instructions

`parse` is for cells: any number of instructions, none needs a FROM before it. `parse_file` is for
whole files, and adds the two rules that only they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dockernb.dockerfile.build import build
from dockernb.dockerfile.directives import ParserDirective, detect_syntax
from dockernb.dockerfile.instructions import (
    ArgInstruction,
    FromInstruction,
    Instruction,
    OnbuildInstruction,
)
from dockernb.dockerfile.syntax import Document, Node, ParseWarning, read_document
from dockernb.errors import DockerfileError, DockerfileSyntaxError, NoStageError, Where

__all__ = ["ParsedDockerfile", "check_stages", "parse", "parse_document", "parse_file"]


@dataclass(frozen=True)
class ParsedDockerfile:
    """A parsed text.

    Args:
        directives: In their order.
        warnings: What builds all the same, but hardly as meant.
        escape: The escape character in force.
        syntax: The frontend image that `# syntax=` names, None when it is not there.
    """

    instructions: tuple[Instruction, ...]
    directives: tuple[ParserDirective, ...]
    warnings: tuple[ParseWarning, ...]
    escape: str
    syntax: str | None


def parse(text: str, *, escape: str | None = None) -> tuple[Instruction, ...]:
    """The instructions of a cell; none for a cell of comments.

    Args:
        text: One instruction or several.
        escape: The escape character which a cell above has settled; parser directives in this
            text are then comments, as they are in the exported file. None: the text begins a file.

    Raises:
        DockerfileSyntaxError: With the lines in `text`.
        UnknownInstructionError: The first word is no instruction.
    """
    return parse_document(text, escape=escape).instructions


def parse_document(text: str, *, escape: str | None = None) -> ParsedDockerfile:
    """Like `parse`, with the directives, the warnings and the escape character."""
    document = read_document(text, escape=escape)
    return _parsed(document, _instructions(document))


def parse_file(text: str) -> ParsedDockerfile:
    """A whole Dockerfile: it has instructions, and only ARG stands before its first FROM.

    Raises:
        DockerfileSyntaxError: As `parse`; also when the file has no instruction.
        NoStageError: An instruction stands before the first FROM.
    """
    document = read_document(text)
    if not document.nodes:
        raise DockerfileSyntaxError(
            "file with no instructions", hint="Begin with `FROM <image>`, or `FROM scratch`."
        )
    return _parsed(document, _checked_stages(_instructions(document), text))


def check_stages(instructions: Iterable[Instruction], source: str = "") -> None:
    """Raises NoStageError when something other than ARG stands before the first FROM.

    Args:
        instructions: In their order.
        source: The text they come from, for the excerpt in the error.
    """
    for _ in _checked_stages(instructions, source):
        pass


def _checked_stages(instructions: Iterable[Instruction], source: str) -> Iterator[Instruction]:
    has_stage = False
    for instruction in instructions:
        has_stage = has_stage or isinstance(instruction, FromInstruction)
        if not has_stage and not isinstance(instruction, ArgInstruction):
            raise NoStageError(
                "no build stage in current context",
                where=Where(source, instruction.lines.start, instruction.lines.end),
                rule=f"{instruction.name} needs a FROM above it; only ARG may stand before FROM.",
                hint="Begin with `FROM <image>`, or `FROM scratch`.",
            )
        yield instruction


def _parsed(document: Document, instructions: Iterable[Instruction]) -> ParsedDockerfile:
    built = tuple(instructions)
    warnings = [*document.warnings, *_trigger_warnings(document, built)]
    return ParsedDockerfile(
        instructions=built,
        directives=document.directives,
        warnings=tuple(warnings),
        escape=document.escape,
        syntax=detect_syntax(document.source),
    )


def _instructions(document: Document) -> Iterator[Instruction]:
    for node in document.nodes:
        yield _built(node, document.source)


def _built(node: Node, source: str) -> Instruction:
    try:
        return build(node)
    except DockerfileError as err:
        err.at(Where(source, node.lines.start, node.lines.end))
        raise


def _trigger_warnings(
    document: Document, instructions: tuple[Instruction, ...]
) -> Iterator[ParseWarning]:
    for node, instruction in zip(document.nodes, instructions, strict=True):
        if isinstance(instruction, OnbuildInstruction) and instruction.inner is None and node.inner:
            try:
                build(node.inner)
            except DockerfileError as err:
                message = f"ONBUILD stores it, but it will fail in the child image: {err.message}"
                yield ParseWarning(message, node.lines.start)
