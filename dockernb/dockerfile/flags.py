"""The `--flags` of instructions (BuildKit `instructions/bflag.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dockernb.dockerfile.suggest import nearest
from dockernb.errors import DockerfileSyntaxError

__all__ = ["INSTRUCTION_FLAGS", "FlagKind", "Flags", "read_flags"]

FlagKind = Literal["bool", "string", "strings"]
"""`strings`: the flag may stand more than once."""

INSTRUCTION_FLAGS: Mapping[str, Mapping[str, FlagKind]] = {
    "FROM": {"platform": "string"},
    "RUN": {"mount": "strings", "network": "string", "security": "string", "device": "strings"},
    "COPY": {
        "from": "string",
        "chown": "string",
        "chmod": "string",
        "link": "bool",
        "parents": "bool",
        "exclude": "strings",
    },
    "ADD": {
        "chown": "string",
        "chmod": "string",
        "link": "bool",
        "keep-git-dir": "bool",
        "checksum": "string",
        "unpack": "bool",
        "exclude": "strings",
    },
    "HEALTHCHECK": {
        "interval": "string",
        "timeout": "string",
        "start-period": "string",
        "start-interval": "string",
        "retries": "string",
    },
}
"""The flags every instruction takes; one that is not listed takes none."""


class Flags:
    """The flags of one instruction, checked."""

    def __init__(self) -> None:
        self._values: dict[str, list[str]] = {}

    def add(self, name: str, value: str) -> None:
        self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, default: str = "") -> str:
        """Value of a flag that may stand once."""
        return self._values[name][-1] if name in self._values else default

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a flag that may stand more than once."""
        return tuple(self._values.get(name, ()))

    def is_set(self, name: str) -> bool:
        """Value of a switch, False when it is not there."""
        return self.text(name) == "true"

    def switch(self, name: str) -> bool | None:
        """Value of a switch, None when it is not there."""
        return self.is_set(name) if name in self else None


def read_flags(words: tuple[str, ...], instruction: str) -> Flags:
    """Checks the flags of an instruction.

    Args:
        words: `--name[=value]` each.
        instruction: Upper-case name.

    Raises:
        DockerfileSyntaxError: A flag is unknown, stands twice, or has no or a wrong value.
    """
    kinds = INSTRUCTION_FLAGS.get(instruction, {})
    flags = Flags()
    for word in words:
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--")
        if name not in kinds:
            raise _unknown(flag, name, instruction, kinds)
        if name in flags and kinds[name] != "strings":
            raise DockerfileSyntaxError(
                f"duplicate flag specified: {flag}", hint=f"Write {flag} once."
            )
        if kinds[name] == "bool":
            value = _switch_value(flag, equals, value)
        elif not equals:
            raise DockerfileSyntaxError(
                f"missing a value on flag: {flag}", hint=f"Write `{flag}=<value>`."
            )
        flags.add(name, value)
    return flags


def _switch_value(flag: str, equals: str, value: str) -> str:
    if equals and not value:
        raise DockerfileSyntaxError(
            f"missing a value on flag: {flag}", hint=f"Write `{flag}` or `{flag}=false`."
        )
    lower = value.lower() or "true"
    if lower not in {"true", "false"}:
        raise DockerfileSyntaxError(
            f"expecting boolean value for flag {flag}, not: {value}",
            hint=f"Write `{flag}` or `{flag}=false`.",
        )
    return lower


def _unknown(
    flag: str, name: str, instruction: str, kinds: Mapping[str, FlagKind]
) -> DockerfileSyntaxError:
    known = ", ".join(f"--{kind}" for kind in kinds)
    guess = nearest(name, kinds)
    return DockerfileSyntaxError(
        f"unknown flag: {flag}{f' (did you mean {guess}?)' if guess else ''}",
        rule=f"{instruction} has {known}." if known else f"{instruction} has no flags.",
        hint=f"Write `--{guess}`."
        if guess
        else f"Write `{instruction} -- {flag} ...` if it is not meant as a flag.",
    )
