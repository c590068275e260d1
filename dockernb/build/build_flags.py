"""Flags of `docker build` that a build takes as they are written there.

--add-host NAME:ADDRESS    --ulimit NAME=SOFT[:HARD]    --shm-size BYTES[k|m|g]
--ssh ID[=SOCKET|KEY[,KEY]]
--build-context NAME=FOLDER|docker-image://IMAGE|REPOSITORY[#REF[:FOLDER]]|URL
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..dockerfile.suggest import did_you_mean
from ..errors import BuildError

__all__ = ["FLAGS", "NO_FLAGS", "BuildFlags", "parse_flags"]

FLAGS = ("--add-host", "--build-context", "--shm-size", "--ssh", "--ulimit")

# What Docker and setrlimit(2) know by these names.
_ULIMITS = frozenset(
    [
        "as",
        "core",
        "cpu",
        "data",
        "fsize",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "sigpending",
        "stack",
    ]
)
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SIZE = re.compile(r"(\d{1,15})([bkmg]?)b?", re.IGNORECASE)
_KEY_HEAD = 64 * 1024
_URL = re.compile(r"[a-z-]+:|git@")


@dataclass(frozen=True)
class BuildFlags:
    """What the flags say.

    Args:
        ssh: ID of an ssh agent -> path of its socket on this machine.
        keys: ID -> paths of keys, for which there is no agent yet; see `ssh_keys`.
        contexts: Name -> what stands for an image of that name; see `named_contexts`.
        extra_hosts, ulimits, shm_size: For each RUN; see `ContainerSpec`.
        words: As they were given.
    """

    ssh: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shm_size: int = 0
    words: tuple[str, ...] = ()


NO_FLAGS = BuildFlags()


def parse_flags(words: Sequence[str], folder: Path) -> BuildFlags:
    """Reads flags, `--name value` or `--name=value`.

    Args:
        folder: What relative paths are relative to.

    Raises:
        BuildError: A flag is unknown, or its value is wrong.
    """
    agents, contexts, hosts = dict[str, tuple[str, ...]](), dict[str, str](), dict[str, str]()
    ulimits, shm_size = dict[str, tuple[int, int]](), 0
    kept = []
    for name, given in _pairs(words):
        text = given
        match name:
            case "--add-host":
                hosts |= [_host(text)]
            case "--ulimit":
                ulimits |= [_ulimit(text)]
            case "--shm-size":
                shm_size = _size(text)
            case "--ssh":
                key, paths = _agent(text, folder)
                agents[key] = paths
                text = f"{key}={','.join(paths)}" if "=" in text else text
            case _:
                key, value = _context(text, folder)
                contexts[key], text = value, f"{key}={value}"
        kept += [name, text]
    ssh = {name: paths[0] for name, paths in agents.items() if Path(paths[0]).is_socket()}
    keys = {name: paths for name, paths in agents.items() if name not in ssh}
    return BuildFlags(ssh, keys, contexts, hosts, ulimits, shm_size, tuple(kept))


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in FLAGS:
            guess = did_you_mean(name, FLAGS)
            raise BuildError(
                f'unknown flag "{name}"{guess}', rule=f"Flags: {' '.join(FLAGS)}", hint=_usage()
            )
        if not equals:
            if not rest:
                raise BuildError(f"{name} needs a value", hint=_usage())
            value = rest.pop(0)
        yield name, value


def _usage() -> str:
    return "For example: --add-host db:10.0.0.1 --shm-size 128m --ulimit nofile=1024"


def _wrong(flag: str, text: str, form: str) -> BuildError:
    return BuildError(f'{flag}: "{text}" is not understood', hint=f"Write: {flag} {form}")


def _host(text: str) -> tuple[str, str]:
    name, sign, address = text.partition("=" if "=" in text else ":")
    address = address.strip("[]")
    if not (name and sign and re.fullmatch(r"[0-9A-Fa-f:.]+|host-gateway", address)):
        raise _wrong("--add-host", text, "NAME:ADDRESS")
    return name, address


def _ulimit(text: str) -> tuple[str, tuple[int, int]]:
    match = re.fullmatch(r"([a-z]+)=(-1|\d{1,18})(?::(-1|\d{1,18}))?", text)
    if match is None or match[1] not in _ULIMITS:
        raise _wrong("--ulimit", text, "NAME=SOFT[:HARD], for example nofile=1024:2048")
    soft = int(match[2])
    hard = soft if match[3] is None else int(match[3])
    if hard != -1 and not -1 < soft <= hard:
        raise BuildError(
            f'--ulimit: the soft limit of "{text}" is above the hard one',
            hint=f"--ulimit {match[1]}={hard}:{soft}",
        )
    return match[1], (soft, hard)


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise _wrong("--shm-size", text, "BYTES, for example 128m")
    return int(match[1]) * _UNITS[match[2].lower()]


def _agent(text: str, folder: Path) -> tuple[str, tuple[str, ...]]:
    """An agent's socket, or keys; the socket of `default` is in the environment."""
    agent, _, given = text.partition("=")
    given = given or os.environ.get("SSH_AUTH_SOCK", "")
    if not agent or not given:
        raise BuildError(
            f'--ssh: no socket for the agent "{agent}"',
            rule="SSH_AUTH_SOCK is not set.",
            hint="Start an agent (`eval $(ssh-agent)`, `ssh-add`), or: --ssh ID=SOCKET|KEYFILE",
        )
    paths = [folder / Path(path).expanduser() for path in given.split(",")]
    if not (len(paths) == 1 and paths[0].is_socket()):
        for path in paths:
            _check_key(path)
    return agent, tuple(str(path.absolute()) for path in paths)


def _check_key(path: Path) -> None:
    try:
        with path.open("rb") as file:
            is_key = b"PRIVATE KEY" in file.read(_KEY_HEAD)
    except OSError as err:
        raise BuildError(
            f'--ssh: "{path}" cannot be read: {err.strerror}',
            hint="--ssh default=~/.ssh/id_ed25519",
        ) from err
    if not is_key:
        raise BuildError(
            f'--ssh: "{path}" is no private key, nor the socket of an ssh agent',
            hint="--ssh default=~/.ssh/id_ed25519\nor an agent: `ssh-add FILE`, then --ssh default",
        )


def _context(text: str, folder: Path) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise _wrong("--build-context", text, "NAME=FOLDER, or NAME=docker-image://IMAGE")
    if not _URL.match(value):
        value = str((folder / Path(value).expanduser()).absolute())
    return name, value
