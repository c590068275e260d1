"""Who we are to a registry, as `docker login` has written it down."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dockernb.errors import RegistryError
from dockernb.oci.reference import DEFAULT_HOST

from .credential_helper import ask_helper
from .settings import docker_folder

__all__ = ["Credential", "Credentials", "DockerCredentials"]

# The name under which `docker login` without a host files its credentials.
_DOCKER_HUB = "https://index.docker.io/v1/"
_LARGEST_FILE = 4 << 20
# The user name with which a helper says that the secret is an identity token.
_NAMELESS = "<token>"


@dataclass(frozen=True)
class Credential:
    """A name with a password, or an identity token (a refresh token of OAuth 2)."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    def basic(self) -> str:
        """The value of the Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()


class Credentials(Protocol):
    """Where credentials come from."""

    def find(self, host: str) -> Credential | None:
        """The credential for the registry `host`; None means: ask without one."""


class DockerCredentials:
    """The credentials of the Docker command line: its config.json and its helpers.

    The file is read at each question, so that a `docker login` counts at once.

    Args:
        folder: Where config.json is; DOCKER_CONFIG or ~/.docker when None.
        helper_timeout: Seconds that a helper has to answer; it may ask the reader something.
    """

    def __init__(self, folder: Path | None = None, *, helper_timeout: float = 60.0) -> None:
        self._folder = folder
        self._helper_timeout = helper_timeout

    def find(self, host: str) -> Credential | None:
        """The credential for `host`: its own helper's, the general helper's, or the file's.

        Raises:
            RegistryError: the file or what it says of the host cannot be used, or a helper failed.
        """
        file = (self._folder or docker_folder()) / "config.json"
        config = _read(file)
        key = _DOCKER_HUB if host == DEFAULT_HOST else host
        helper = _mapping(config.get("credHelpers")).get(key) or config.get("credsStore")
        if isinstance(helper, str) and helper:
            answer = ask_helper(helper, key, self._helper_timeout, file)
            if answer is not None:
                return _from_pair(answer.username, answer.secret)
        entry = _entry(_mapping(config.get("auths")), key)
        return _from_entry(entry, host, file) if entry else None


def _read(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise _unusable(file, f"It has more than {_LARGEST_FILE:,} bytes.")
        config = json.loads(data)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as err:
        raise _unusable(file, err.strerror or "It cannot be read.") from err
    except (ValueError, RecursionError):
        # Not chained: the JSON error holds the text, secrets included.
        raise _unusable(file, "It is no JSON.") from None
    if not isinstance(config, dict):
        raise _unusable(file, "It is no JSON object.")
    return config


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _entry(auths: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The entry for a host; old versions of Docker wrote URLs as keys."""
    if key in auths:
        return _mapping(auths[key])
    for name, entry in auths.items():
        if name.split("://", 1)[-1].split("/", 1)[0] == key:
            return _mapping(entry)
    return {}


def _from_entry(entry: Mapping[str, Any], host: str, file: Path) -> Credential | None:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credential(identity_token=token)
    encoded = entry.get("auth")
    if not isinstance(encoded, str) or not encoded:
        username, password = entry.get("username"), entry.get("password")
        return _from_pair(username, password) if username and password else None
    try:
        username, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise _bad_entry(host, file) from None
    if not colon:
        raise _bad_entry(host, file)
    return _from_pair(username, password.rstrip("\0"))


def _from_pair(username: object, secret: object) -> Credential:
    if username == _NAMELESS:
        return Credential(identity_token=str(secret))
    return Credential(username=str(username), password=str(secret))


def _unusable(file: Path, rule: str) -> RegistryError:
    return RegistryError(
        f'the credentials in "{file}" cannot be used',
        rule=rule,
        hint="Correct the file, or move it away and use `docker login` again.",
    )


def _bad_entry(host: str, file: Path) -> RegistryError:
    return RegistryError(
        f'the credentials for "{host}" in "{file}" cannot be used',
        rule='Expected "auth" to be the Base64 of NAME:PASSWORD.',
        hint=f"Use `docker login {host}` again.",
    )
