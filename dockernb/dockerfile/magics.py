r"""Magic lines of a cell: `%name argument` above the instruction, `%%name` for a whole cell.

Pure text. What a magic does is decided by who reads it (kernel or command line); here it is only
told apart from the Dockerfile text. No Dockerfile instruction begins with `%`, so nothing that a
builder would accept is lost.

Magics stand at the start of a cell: blank lines and comments may stand above and between them; the
first line of an instruction ends the search. A line of a heredoc that begins with `%` is therefore
never a magic. After a `%%name` line everything is that magic's body.

One magic is about the text itself and is therefore done here: `%crlf` gives the cell's lines the
line end `\r\n`. Builders drop the `\r` everywhere but in the body of a heredoc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CRLF_MAGIC",
    "MOST_SECRET_BYTES",
    "Magic",
    "MagicArgumentError",
    "SecretSource",
    "parse_key_value",
    "parse_secret",
    "split_magics",
    "without_magics",
]

# A name is optional in the pattern, so that a lone `%` is reported as a magic and not sent to a
# builder.
_MAGIC = re.compile(r"[ \t]*(?P<mark>%%?)(?P<name>[^\s%]*)[ \t]*(?P<argument>.*?)\s*\Z", re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")

CRLF_MAGIC = "%crlf"
"""Written by the import of a file whose heredocs have such line ends."""


class MagicArgumentError(ValueError):
    """The text after a magic's (or option's) name breaks its form; the message says how."""


@dataclass(frozen=True)
class Magic:
    """One magic line.

    Args:
        name: Without the percent signs, lower case.
        argument: The rest of the line, without white space around it.
        line: Line in the cell, from 1.
        cell_magic: True for `%%name`: the rest of the cell is its body.
    """

    name: str
    argument: str
    line: int
    cell_magic: bool = False

    @property
    def is_crlf(self) -> bool:
        """`%crlf`: it changes the text of its cell and nothing else."""
        return self.name == "crlf" and not self.argument and not self.cell_magic


@dataclass(frozen=True)
class SecretSource:
    """Where a secret's content comes from: a file, an environment variable, or a question."""

    id: str
    kind: Literal["src", "env", "ask"]
    value: str = ""


def split_magics(source: str) -> tuple[tuple[Magic, ...], str]:
    """The magics of a cell but `%crlf`, and the rest of its text.

    In the rest each magic line is an empty line, so that line numbers stay true.
    """
    magics, rest = _split(source)
    return tuple(magic for magic in magics if not magic.is_crlf), rest


def _split(source: str) -> tuple[tuple[Magic, ...], str]:
    lines = _LINE.findall(source)
    magics: list[Magic] = []
    for index, line in enumerate(lines):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        match = _MAGIC.match(line)
        if match is None:
            break
        cell_magic = match["mark"] == "%%"
        magics.append(Magic(match["name"].lower(), match["argument"], index + 1, cell_magic))
        lines[index] = "\n" if line.endswith("\n") else ""
        if cell_magic:
            break
    return tuple(magics), "".join(lines)


def without_magics(source: str) -> str | None:
    """The cell's text as it is exported: magic lines taken out. None: a `%%name` cell.

    Blank lines that stood below a magic go with it; so a parser directive below `%arg` stands at
    the top of the file, where builders look for it.
    """
    magics, rest = _split(source)
    if not magics:
        return source
    if magics[-1].cell_magic:
        return None
    lines = _LINE.findall(rest)
    taken = {magic.line - 1 for magic in magics}
    kept: list[str] = []
    below_magic = False
    for index, line in enumerate(lines):
        below_magic = index in taken or (below_magic and not line.strip())
        if not below_magic:
            kept.append(line)
    text = "".join(kept)
    if any(magic.is_crlf for magic in magics):
        return re.sub(r"\r?\n", "\r\n", text)
    return text


def parse_key_value(text: str) -> tuple[str, str | None]:
    """`KEY=VALUE` or `KEY` (value None), as `--build-arg` and `%arg` take it."""
    key, equals, value = text.strip().partition("=")
    if not key or any(char.isspace() for char in key):
        raise MagicArgumentError(f'expected KEY=VALUE, got "{text}"')
    return key, value if equals else None


# As BuildKit has it (`MaxSecretSize` of its session/secrets).
MOST_SECRET_BYTES = 500 * 1024


def parse_secret(text: str) -> SecretSource:
    """`id=NAME[,src=FILE|,env=VARIABLE]`, as `--secret` and `%secret` take it.

    Short forms: `NAME` alone asks for the content. `type=file` and `type=env` are understood as
    Docker's command line does. Commas part the fields; a value cannot hold one.
    """
    fields: dict[str, str] = {}
    for part in text.strip().split(","):
        key, equals, value = part.strip().partition("=")
        if not equals:
            key, value = "id", key
        if key in fields or not value:
            raise MagicArgumentError(f'expected id=NAME,src=FILE or id=NAME,env=NAME, got "{text}"')
        fields[{"source": "src"}.get(key, key)] = value
    kind = fields.pop("type", "")
    secret_id, src, env = fields.pop("id", ""), fields.pop("src", ""), fields.pop("env", "")
    if not secret_id or fields or (src and env) or kind not in {"", "file", "env"}:
        raise MagicArgumentError(f'expected id=NAME,src=FILE or id=NAME,env=NAME, got "{text}"')
    if env or kind == "env":
        return SecretSource(secret_id, "env", env or src or secret_id)
    return SecretSource(secret_id, "src", src) if src else SecretSource(secret_id, "ask")
