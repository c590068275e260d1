"""The one door to `e2b-dockerfile-utils`: its parser of one instruction and its shell lexer.

The library is pure Python and agrees with BuildKit's own code on our vectors; what it loses
(comments, directive values, ONBUILD, COPY's split) is finished in `scan` and `syntax`.
Nothing outside this module imports it, so that it can be replaced here alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from e2b_dockerfile_utils import DockerfileInstruction, chomp_heredoc_content, parse_dockerfile_ast
from e2b_dockerfile_utils import DockerfileSyntaxError as _LibraryError
from e2b_dockerfile_utils import ShellLex as _ShellLex
from e2b_dockerfile_utils import parse_heredoc as _parse_heredoc

from dockernb.dockerfile.instructions import Heredoc

__all__ = [
    "GO_SPACE",
    "Parts",
    "expand_text",
    "expand_word",
    "expand_words",
    "flags_and_rest",
    "heredoc_markers",
    "json_array_end",
    "parse_heredoc_marker",
    "parse_parts",
    "strip_tabs",
]

GO_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Go's `unicode.IsSpace` calls a space (Python's `str.strip` knows a few more)."""

_LINE_PREFIX = re.compile(r"^Dockerfile parse error on line \d+: ")
_BUILDKIT_WORDING = {
    "Only strings are supported in JSON arrays": (
        "when using JSON array syntax, arrays must be comprised of strings only"
    ),
}
# Instructions which BuildKit takes apart in the same way, but which have no heredocs: `scan` has
# read those already. VOLUME also splits at white space, as COPY must; the library's COPY heeds
# quotes there.
_STAND_INS = {"RUN": "CMD", "COPY": "VOLUME", "ADD": "VOLUME"}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_WITH_JSON = frozenset(
    {"ADD", "CMD", "COPY", "ENTRYPOINT", "HEALTHCHECK", "RUN", "SHELL", "VOLUME"}
)
# HEALTHCHECK's own first word, CMD or NONE, stands before the array.
_FIRST_WORD = re.compile(rf"[^{GO_SPACE}]+[{GO_SPACE}]*")


@dataclass(frozen=True)
class Parts:
    """One instruction, taken apart by the rules of its own line parser.

    Args:
        args: For ENV and LABEL triples of key, value and "=" (or "" in the old form).
        flags: `--name[=value]`, quotes removed.
        json: The arguments were a JSON array of strings.
        ignored: What stands after the "]" of the JSON array.
    """

    args: tuple[str, ...]
    flags: tuple[str, ...]
    json: bool
    ignored: str = ""


def parse_parts(name: str, rest: str, escape: str) -> Parts:
    """Takes one instruction apart (BuildKit `parser/line_parsers.go`).

    Args:
        name: One of the 18 instructions, in upper case.
        rest: What follows it, on one line.
        escape: The escape character in force.

    Raises:
        ValueError: The line breaks a rule; the text is BuildKit's.
    """
    flags, rest = flags_and_rest(rest)
    rest, ignored = _without_text_after_json(name, rest)
    # "--" ends the flags: what follows is no flag, even where it looks like one.
    found = _parse_line(f"{_STAND_INS.get(name, name)} -- {rest}", escape)
    args = found.args
    if found.json:
        # Go's decoder puts U+FFFD where \ud800 has no partner; no engine takes a lone surrogate.
        args = [_LONE_SURROGATE.sub("\ufffd", arg) for arg in args]
    return Parts(tuple(args), flags, found.json, ignored)


def json_array_end(text: str) -> int | None:
    """Where the JSON array ends which `text` begins with; None: it begins with none.

    Text may follow: Go's `json.Decoder` reads one value and leaves the rest alone, which is how
    BuildKit 0.13 (Docker 26.1) tells the exec form. Since July 2024 BuildKit takes such a line for
    the shell form.
    """
    start = len(text) - len(text.lstrip(GO_SPACE))
    if not text.startswith("[", start):
        return None
    try:
        return _JSON.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is Python's, not JSON")


_JSON = json.JSONDecoder(parse_constant=_not_json)


def _without_text_after_json(name: str, rest: str) -> tuple[str, str]:
    if name not in _WITH_JSON:
        return rest, ""
    first = _FIRST_WORD.match(rest) if name == "HEALTHCHECK" else None
    start = first.end() if first else 0
    end = json_array_end(rest[start:])
    if end is None:
        return rest, ""
    return rest[: start + end], rest[start + end :].strip(GO_SPACE)


def flags_and_rest(text: str) -> tuple[tuple[str, ...], str]:
    """Splits what follows the instruction's name into `--flags` and the text after them."""
    if not text.startswith("--"):
        return (), text
    # MAINTAINER takes the rest of its line as it is, which is just what is wanted here. BuildKit
    # (`parser/split_command.go`) knows no escape character but the backslash in flags.
    found = _parse_line(f"MAINTAINER {text}", "\\")
    return tuple(found.flags), found.args[0] if found.args else ""


def _parse_line(line: str, escape: str) -> DockerfileInstruction:
    try:
        # The directive in front sets the escape character, and keeps a BOM in the line alone.
        # The vertical tab at the end is stripped like a blank, but hides an escape character
        # before it, which would otherwise ask for one more line.
        return parse_dockerfile_ast(f"# escape={escape}\n{line}\v").instructions[0]
    except RecursionError:
        raise ValueError("the JSON array is nested too deeply") from None
    except _LibraryError as err:
        message = _LINE_PREFIX.sub("", str(err))
        raise ValueError(_BUILDKIT_WORDING.get(message, message)) from None


def parse_heredoc_marker(word: str) -> Heredoc | None:
    """Reads `[fd]<<[-]NAME`; None when the word is something else.

    Raises:
        ValueError: A quote in the word is not closed.
    """
    found = _parse_heredoc(word)
    if found is None:
        return None
    return Heredoc(
        name=found.name,
        content="",
        expand=found.expand,
        chomp=found.chomp,
        file_descriptor=found.file_descriptor,
        marker=word,
    )


def heredoc_markers(line: str) -> tuple[Heredoc, ...]:
    """The heredocs which a line opens, in order, their bodies still empty.

    Raises:
        ValueError: A quote in a marker is not closed.
    """
    try:
        words = _ShellLex("\\", raw_quotes=True, raw_escapes=True).process_words(line)
    except ValueError:
        # BuildKit ignores this error: a line with an open quote has no heredocs.
        return ()
    found = (parse_heredoc_marker(word) for word in words)
    return tuple(marker for marker in found if marker is not None)


def strip_tabs(content: str) -> str:
    """The body of a `<<-` heredoc without the tabs at the start of its lines."""
    return chomp_heredoc_content(content)


def _lexer(env: Mapping[str, str], escape: str) -> _ShellLex:
    return _ShellLex(escape, env=env, skip_unset_env=False)


def expand_word(word: str, env: Mapping[str, str], escape: str) -> str:
    """`word` with variables put in and quotes removed; ValueError when it cannot be read."""
    return _lexer(env, escape).process_word(word)


def expand_text(text: str, env: Mapping[str, str]) -> str:
    """A heredoc's body with variables put in; quotes stay, the escape is a backslash."""
    lexer = _ShellLex("\\", skip_process_quotes=True, env=env, skip_unset_env=False)
    return lexer.process_word(text)


def expand_words(word: str, env: Mapping[str, str], escape: str) -> list[str]:
    """Like `expand_word`, split at the white space that is not quoted."""
    return _lexer(env, escape).process_words(word)
