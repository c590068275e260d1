"""Where the daemon is: what Docker's own command line would use, then the usual sockets.

Order, as in `docker --help` and docs.docker.com/engine/manage-resources/contexts: DOCKER_HOST, then
DOCKER_CONTEXT, then `currentContext` of ~/.docker/config.json, then the default socket. Beyond what
the command line does, the sockets of rootless Docker, Docker Desktop and Podman are tried.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dockernb.errors import EngineNotAvailableError

__all__ = ["Endpoint", "Tls", "endpoints"]


@dataclass(frozen=True)
class Tls:
    """Files for a TLS connection; `None` where there is none.

    Args:
        verify: Whether the daemon's certificate is checked.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    verify: bool = True

    @property
    def files(self) -> list[Path]:
        return [path for path in (self.ca, self.cert, self.key) if path is not None]


@dataclass(frozen=True)
class Endpoint:
    """A daemon's address (`unix://`, `tcp://`, `ssh://`, `npipe://`) and who named it."""

    address: str
    source: str
    tls: Tls | None = None

    @property
    def way(self) -> str:
        """How it is reached and who said so, for a reader."""
        if self.tls is not None:
            checked = "" if self.tls.verify else ", the daemon's certificate is not checked"
            return f"TLS{checked}, {self.source}"
        return self.source

    @property
    def socket_path(self) -> str | None:
        """The path of the Unix socket, if it is one."""
        return self.address.removeprefix("unix://") if self.address[:7] == "unix://" else None


def endpoints(
    address: str | None = None, environment: Mapping[str, str] = os.environ
) -> list[Endpoint]:
    """The addresses to try, best first. One that the reader named is the only one tried.

    Raises:
        EngineNotAvailableError: a Docker context is named that does not exist.
    """
    if address:
        return [_named(address, "given address", environment)]
    if host := environment.get("DOCKER_HOST"):
        return [_named(host, "DOCKER_HOST", environment)]
    folder = _config_folder(environment)
    name = environment.get("DOCKER_CONTEXT") or _read_json(folder / "config.json").get(
        "currentContext"
    )
    if name and name != "default":
        return [_context(folder, str(name))]
    return [Endpoint(f"unix://{path}", "usual socket") for path in _usual_sockets(environment)]


def _named(address: str, source: str, environment: Mapping[str, str]) -> Endpoint:
    """The command line takes HOST:PORT for tcp://HOST:PORT, so do we."""
    full = address if "://" in address else f"tcp://{address}"
    return Endpoint(full, source, _tls_of(environment, full))


def _config_folder(environment: Mapping[str, str]) -> Path:
    given = environment.get("DOCKER_CONFIG")
    return Path(given) if given else Path.home() / ".docker"


def _usual_sockets(environment: Mapping[str, str]) -> list[str]:
    runtime = environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    home = Path.home()
    return [
        "/var/run/docker.sock",
        f"{runtime}/docker.sock",
        str(home / ".docker/run/docker.sock"),
        str(home / ".docker/desktop/docker.sock"),
        f"{runtime}/podman/podman.sock",
        "/run/podman/podman.sock",
    ]


def _tls_of(environment: Mapping[str, str], address: str) -> Tls | None:
    """TLS by DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH, as the command line reads them."""
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    given = environment.get("DOCKER_CERT_PATH")
    wanted = verify or given or environment.get("DOCKER_TLS")
    if not address.startswith(("tcp://", "https://")) or not wanted:
        return None
    return _tls_from(Path(given) if given else _config_folder(environment), verify=verify)


def _tls_from(folder: Path, *, verify: bool) -> Tls:
    def existing(name: str) -> Path | None:
        return folder / name if (folder / name).exists() else None

    return Tls(existing("ca.pem"), existing("cert.pem"), existing("key.pem"), verify)


def _context(folder: Path, name: str) -> Endpoint:
    """The endpoint of a Docker context; its files are named after the digest of its name."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = _read_json(folder / "contexts/meta" / digest / "meta.json")
    docker = (meta.get("Endpoints") or {}).get("docker") or {}
    if not docker.get("Host"):
        raise EngineNotAvailableError(
            f'the Docker context "{name}" does not exist',
            rule=f"looked in {folder / 'contexts'}",
            hint="list the contexts with `docker context ls`, choose one with `docker context use`",
        )
    material = folder / "contexts/tls" / digest / "docker"
    verify = not docker.get("SkipTLSVerify")
    tls = _tls_from(material, verify=verify) if material.is_dir() or not verify else None
    return Endpoint(str(docker["Host"]), f'context "{name}"', tls)


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file or it is broken."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
