"""Asking a `docker-credential-NAME` program, as the docker-credential-helpers project defines it.

`docker-credential-NAME get`, with the server's name on standard input, writes JSON with `Username`
and `Secret`. It ends with a code other than 0 and a message on standard output when it has none.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from dockernb.errors import RegistryError

__all__ = ["HelperAnswer", "ask_helper"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# The protocol has no code for it: these words, of the project's `credentials/error.go`, are it.
_NOT_FOUND = "credentials not found"


@dataclass(frozen=True)
class HelperAnswer:
    """What a helper knows; the secret may be a password or a token."""

    username: str
    secret: str = field(repr=False)


def ask_helper(name: str, server: str, timeout: float, config: Path) -> HelperAnswer | None:
    """The helper's answer, or None if it has no credentials for `server`.

    Args:
        server: The key of the credentials: a host, or Docker Hub's URL.
        timeout: Seconds.
        config: The file that names the helper, for messages.

    Raises:
        RegistryError: the helper is missing, failed, or was too slow. Nothing that it wrote is
            shown, because it may be a secret.
    """
    if not _NAME.fullmatch(name):
        raise _failed(name, server, config, "A helper's name has letters, digits and -._ only.")
    try:
        done = subprocess.run(
            [f"docker-credential-{name}", "get"],
            input=server.encode(),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # Not chained: the exception holds the output.
        raise _failed(name, server, config, f"No answer within {timeout:g} s.") from None
    except OSError as err:
        raise _failed(name, server, config, err.strerror or "It cannot be run.") from err
    if done.returncode != 0:
        if _NOT_FOUND in done.stdout.decode(errors="replace").lower():
            return None
        raise _failed(name, server, config, f"It ended with code {done.returncode}.")
    return _parse(done.stdout, name, server, config)


def _parse(output: bytes, name: str, server: str, config: Path) -> HelperAnswer:
    try:
        answer = json.loads(output)
        username, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _failed(name, server, config, "Its answer is not what helpers answer.") from None
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _failed(name, server, config, "Its answer is not what helpers answer.")
    return HelperAnswer(username, secret)


def _failed(name: str, server: str, config: Path, rule: str) -> RegistryError:
    return RegistryError(
        f'the credential helper "docker-credential-{name}" failed for "{server}"',
        rule=rule,
        hint=f'Try `docker-credential-{name} get`, or take "{name}" out of {config}.',
    )
