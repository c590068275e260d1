"""The options of `%run`, as `docker run` has them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..engines.base import Port, StartSpec

__all__ = ["OptionError", "RunOptions", "parse_port", "parse_run_options"]

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}\Z")
_PORT = re.compile(
    r"(?:(?:(?P<address>[0-9.]+|localhost):)?(?P<host>[0-9]{0,5}):)?(?P<port>[0-9]{1,5})"
    r"(?:/(?P<protocol>tcp|udp))?\Z"
)
_WITH_VALUE = {"-p": "ports", "-e": "env", "--name": "name", "--of": "of"}
_LONG = {"--publish": "-p", "--env": "-e", "--publish-all": "-P"}


class OptionError(ValueError):
    """The options cannot be used; the text says why."""


@dataclass(frozen=True)
class RunOptions:
    """What a reader asked for.

    Args:
        name: What the container is called; "": something is found.
        of: The stage, snapshot or image to run; "": the current snapshot.
    """

    spec: StartSpec = field(default_factory=StartSpec)
    name: str = ""
    of: str = ""


def parse_run_options(
    words: Sequence[str], environment: Mapping[str, str] = os.environ
) -> RunOptions:
    """Options, then the arguments: what stands behind the first word that is no option, or `--`.

    Args:
        environment: Where `-e NAME` takes its value from.

    Raises:
        OptionError: an option is unknown or its value cannot be used.
    """
    rest = list(words)
    found: dict[str, list[str]] = {field: [] for field in _WITH_VALUE.values()}
    publish_all = False
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        option = _LONG.get(option, option)
        if option == "-P" and not equals:
            publish_all = True
        elif option in _WITH_VALUE:
            if not equals and not rest:
                raise OptionError(f"{option} needs a value")
            found[_WITH_VALUE[option]].append(value if equals else rest.pop(0))
        elif option[:2] in {"-p", "-e"} and len(option) > 2:
            found[_WITH_VALUE[option[:2]]].append(option[2:])
        else:
            raise OptionError(f'unknown option "{word}"')
    spec = StartSpec(
        arguments=tuple(rest),
        env=_environment(found["env"], environment),
        ports=tuple(parse_port(text) for text in found["ports"]),
        publish_exposed=publish_all,
    )
    return RunOptions(spec, _name(found["name"]), (found["of"] or [""])[-1])


def parse_port(text: str) -> Port:
    """`[[ADDRESS:]HOST:]PORT[/tcp|/udp]`; the address must be one of the loopback interface.

    Raises:
        OptionError: it is no port, or other machines would reach it.
    """
    match = _PORT.match(text)
    if match is None:
        raise OptionError(f'"{text}" is no port: write [HOST:]PORT, as in 8080:80')
    address = match["address"] or ""
    if address and address != "localhost" and not address.startswith("127."):
        raise OptionError(
            f'"{text}" would be open to other machines; ports are published on this one only'
        )
    port, host = int(match["port"]), int(match["host"] or 0)
    if not 0 < port < 65536 or host > 65535:
        raise OptionError(f'"{text}" is no port: the highest is 65535')
    protocol: Literal["tcp", "udp"] = "udp" if match["protocol"] == "udp" else "tcp"
    return Port(port, host, protocol)


def _environment(texts: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """`NAME=VALUE`; `NAME` alone takes the value from `environment`, if it is there."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or "\0" in text:
            raise OptionError(f'-e needs NAME=VALUE, got "{text}"')
        if equals:
            values[name] = value
        elif name in environment:
            values[name] = environment[name]
    return values


def _name(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    if not _NAME.match(texts[-1]):
        raise OptionError(
            f'"{texts[-1]}" is no name: letters, digits, "_", "." and "-", 63 at most'
        )
    return texts[-1]
