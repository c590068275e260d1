"""From text to nodes: every instruction taken apart, not yet judged.

BuildKit's `parser` package: a node knows its keyword, flags, arguments, heredocs, lines and the
comments above it. An unknown keyword is still a node; `parse` refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from dockernb.dockerfile.directives import DirectiveReader, ParserDirective
from dockernb.dockerfile.instructions import Heredoc, Lines
from dockernb.dockerfile.library import flags_and_rest, parse_parts
from dockernb.dockerfile.scan import ScanError, Statement, first_word, scan
from dockernb.errors import DockerfileSyntaxError, Where

__all__ = ["INSTRUCTION_NAMES", "Document", "Node", "ParseWarning", "read_document"]

INSTRUCTION_NAMES = (
    "FROM", "RUN", "CMD", "LABEL", "MAINTAINER", "EXPOSE", "ENV", "ADD", "COPY", "ENTRYPOINT",
    "VOLUME", "USER", "WORKDIR", "ARG", "ONBUILD", "STOPSIGNAL", "HEALTHCHECK", "SHELL",
)  # fmt: skip
"""All instructions, in the order of the Dockerfile reference."""

_KNOWN = frozenset(name.lower() for name in INSTRUCTION_NAMES)


@dataclass(frozen=True)
class ParseWarning:
    """Something BuildKit warns about and builds all the same."""

    message: str
    line: int


@dataclass(frozen=True)
class Node:
    """One instruction, taken apart.

    Args:
        keyword: The first word as written.
        original: The instruction on one line, without heredoc bodies.
        args: For ENV and LABEL triples of key, value and "=" (or "" in the old form).
            Empty for ONBUILD (see `inner`) and for unknown keywords.
        flags: `--name[=value]`, quotes removed.
        json: The arguments were a JSON array.
        ignored: What stands after that array.
        inner: The instruction that an ONBUILD holds.
    """

    keyword: str
    original: str
    lines: Lines
    args: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    json: bool = False
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[str, ...] = ()
    inner: Node | None = None
    ignored: str = ""

    @property
    def name(self) -> str:
        """The keyword in upper case."""
        return self.keyword.upper()

    @property
    def is_known(self) -> bool:
        """True: one of the 18 instructions."""
        return self.keyword.lower() in _KNOWN


@dataclass(frozen=True)
class Document:
    """A text taken apart.

    Args:
        escape: The escape character in force for the instructions.
    """

    source: str
    nodes: tuple[Node, ...]
    directives: tuple[ParserDirective, ...]
    warnings: tuple[ParseWarning, ...]
    escape: str


def read_document(text: str, *, escape: str | None = None) -> Document:
    """Takes a cell or a file apart. A text with comments only has no nodes.

    Args:
        text: The text.
        escape: See `DirectiveReader`.

    Raises:
        DockerfileSyntaxError: With the lines in `text`.
    """
    directives = DirectiveReader(escape)
    nodes: list[Node] = []
    warnings: list[ParseWarning] = []
    comments: list[str] = []
    try:
        for statement in scan(text, directives):
            if statement.kind == "comment":
                _collect(statement.line, comments)
            elif statement.kind == "instruction":
                if statement.has_empty_line:
                    message = f"Empty continuation line found in: {statement.line}"
                    warnings.append(ParseWarning(message, statement.code_end))
                nodes.append(_node(statement, directives.escape, tuple(comments)))
                comments.clear()
    except ScanError as err:
        raise _syntax_error(err, text) from None
    return Document(text, tuple(nodes), tuple(directives.found), tuple(warnings), directives.escape)


def _collect(line: str, comments: list[str]) -> None:
    comment = line[1:].strip()
    if comment:
        comments.append(comment)
    else:
        comments.clear()  # an empty comment line parts what is above from the instruction


def _node(statement: Statement, escape: str, comments: tuple[str, ...]) -> Node:
    lines = Lines(statement.start, statement.end)
    try:
        return _take_apart(statement.line, escape, lines, statement.heredocs, comments)
    except ValueError as err:
        raise ScanError(str(err), lines.start, statement.code_end) from None


def _take_apart(
    line: str,
    escape: str,
    lines: Lines,
    heredocs: tuple[Heredoc, ...] = (),
    comments: tuple[str, ...] = (),
) -> Node:
    keyword, rest = first_word(line)
    name = keyword.lower()
    inner: Node | None = None
    args: tuple[str, ...] = ()
    is_json = False
    ignored = ""
    if name == "onbuild" or name not in _KNOWN:
        flags, rest = flags_and_rest(rest)
        if name == "onbuild" and rest:
            inner = _take_apart(rest, escape, lines, heredocs)
    else:
        parts = parse_parts(name.upper(), rest, escape)
        args, flags, is_json, ignored = parts.args, parts.flags, parts.json, parts.ignored
    return Node(keyword, line, lines, args, flags, is_json, heredocs, comments, inner, ignored)


def _syntax_error(err: ScanError, text: str) -> DockerfileSyntaxError:
    message = str(err)
    where = Where(text, err.start, err.end if err.end != err.start else None)
    return DockerfileSyntaxError(message, where=where, hint=_hint(message))


def _hint(message: str) -> str | None:
    if message.startswith("unterminated heredoc"):
        return "Write the closing word alone on a line of its own, without blanks around it."
    if message.startswith("invalid escape token"):
        return "Write `# escape=\\` or `# escape=``."
    if "parser directive can be used" in message:
        return "Remove the second one; directives stand once, at the top of the file."
    if "must have two arguments" in message or "can't find =" in message:
        return 'Write `<key>=<value>`, with quotes around blanks: `key="a b"`.'
    if "max allowed size" in message:
        return "Split the line: end a part with the escape character, go on in the next line."
    if "JSON array" in message:
        return 'Write every element in double quotes: `["a", "b"]`.'
    return None
