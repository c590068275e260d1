"""Variables in words: `$NAME`, `${NAME:-default}` and their kin (BuildKit `shell/lex.go`).

The builder expands words of ADD, ARG, COPY, ENV, EXPOSE, FROM, LABEL, STOPSIGNAL, USER, VOLUME and
WORKDIR; never those of RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL. An unset variable is empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from dockernb.dockerfile import library
from dockernb.dockerfile.directives import DEFAULT_ESCAPE
from dockernb.dockerfile.suggest import quote
from dockernb.errors import DockerfileSyntaxError

__all__ = ["expand", "expand_heredoc", "expand_words", "used_variables"]

_Result = TypeVar("_Result")
_PREFIX = "failed to process "
_MANDATORY = re.compile(r"\A(\w+): ")


def expand(word: str, env: Mapping[str, str], escape: str = DEFAULT_ESCAPE) -> str:
    """The word with its variables put in, quotes and escapes removed, white space kept.

    Args:
        word: As it stands in the instruction.
        env: The variables that are set; all others are empty.
        escape: The escape character in force.

    Raises:
        DockerfileSyntaxError: An open quote or brace, an unknown modifier, or `${V:?message}`
            with V empty. The place is not set.
    """
    return _guarded(library.expand_word, word, env, escape)


def expand_heredoc(content: str, env: Mapping[str, str]) -> str:
    """The body of a COPY or ADD heredoc whose marker has no quotes, with its variables put in.

    Quotes in it stand for themselves; the escape character is the backslash, whatever the file
    says (BuildKit `dockerfile2llb/convert.go`, `ExpandRaw`).

    Raises:
        DockerfileSyntaxError: As `expand`.
    """
    return _guarded(_expand_text, content, env, DEFAULT_ESCAPE)


def expand_words(word: str, env: Mapping[str, str], escape: str = DEFAULT_ESCAPE) -> list[str]:
    """Like `expand`, then split at white space that is not quoted (EXPOSE needs it)."""
    return _guarded(library.expand_words, word, env, escape)


def used_variables(
    word: str,
    env: Mapping[str, str] | None = None,
    escape: str = DEFAULT_ESCAPE,
    *,
    is_heredoc: bool = False,
) -> frozenset[str]:
    """The names which the word asks for, set or not; those in unused defaults count as well.

    Args:
        env: The values; they decide nothing but whether `${V:?message}` is an error.
            None: every variable counts as set.
        is_heredoc: `word` is the body of a heredoc (see `expand_heredoc`).

    Raises:
        DockerfileSyntaxError: As `expand`.
    """
    recorder = _Recorder(env)
    _guarded(_expand_text if is_heredoc else library.expand_word, word, recorder, escape)
    return frozenset(recorder.asked)


class _Recorder(Mapping[str, str]):
    """An environment that notes which names were asked for."""

    def __init__(self, env: Mapping[str, str] | None) -> None:
        self._env = env
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return "1" if self._env is None else self._env[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._env or ())

    def __len__(self) -> int:
        return len(self._env or ())


def _expand_text(text: str, env: Mapping[str, str], _escape: str) -> str:
    return library.expand_text(text, env)


def _guarded(
    function: Callable[[str, Mapping[str, str], str], _Result],
    word: str,
    env: Mapping[str, str],
    escape: str,
) -> _Result:
    try:
        return function(word, env, escape)
    except ValueError as err:
        why = str(err).removeprefix(f"{_PREFIX}{word!r}: ")
        message = f"{_PREFIX}{quote(word)}: {why}"
        raise DockerfileSyntaxError(message, hint=_hint(word, why)) from None


def _hint(word: str, why: str) -> str | None:
    mandatory = _MANDATORY.match(why)
    if mandatory and not why.startswith("syntax error"):
        name = mandatory.group(1)
        return f"Give {name} a value: `ARG {name}=<value>` above, or `%arg {name}=<value>`."
    if "single-quote" in why or "double-quote" in why:
        return "Close the quote, or write a backslash before it."
    if "missing '}'" in why or "matching }" in why:
        return f"Close the brace: `{word}}}`." if word.count("{") == 1 else "Close the brace."
    if "unsupported modifier" in why:
        return "Modifiers: `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`."
    return None
