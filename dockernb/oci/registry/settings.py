"""How registries are reached: time limits, retries, mirrors and registries without TLS."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["INSECURE", "MIRRORS", "RegistrySettings", "docker_folder"]

INSECURE = "DOCKERNB_INSECURE_REGISTRIES"
MIRRORS = "DOCKERNB_REGISTRY_MIRRORS"
# What requests, curl and OpenSSL look at; the first that is set replaces the system's list.
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True)
class RegistrySettings:
    """How registries are reached. All times are seconds.

    Args:
        insecure: Registries, `HOST` or `HOST:PORT`, that may be spoken to without TLS. Loopback
            addresses always may.
        mirrors: URLs without a path, asked before docker.io, in this order.
        ca_bundle: A file of certificates to trust in place of the system's.
        certificate_folders: Folders with a folder per registry, of `*.crt` files to trust as well.
        connect_timeout: For the connection to come about.
        read_timeout: Without a single byte, before a connection counts as dead.
        attempts: How often a request is made before it has failed.
        backoff: Wait before the second attempt; it doubles with each one after that.
        longest_wait: No wait is longer, whatever a registry's Retry-After says.
    """

    insecure: frozenset[str] = frozenset()
    mirrors: tuple[str, ...] = ()
    ca_bundle: Path | None = None
    certificate_folders: tuple[Path, ...] = ()
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    attempts: int = 5
    backoff: float = 0.5
    longest_wait: float = 60.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> RegistrySettings:
        """What the reader's environment says, in dockernb's variables and in other tools' own."""
        bundle = next((environ[name] for name in _BUNDLES if environ.get(name)), None)
        return cls(
            insecure=frozenset(_items(environ.get(INSECURE, ""))),
            mirrors=tuple(url.rstrip("/") for url in _items(environ.get(MIRRORS, ""))),
            ca_bundle=Path(bundle) if bundle else None,
            certificate_folders=(
                Path("/etc/docker/certs.d"),
                docker_folder(environ) / "certs.d",
            ),
        )


def docker_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the Docker command line keeps what belongs to the user."""
    configured = environ.get("DOCKER_CONFIG")
    return Path(configured).expanduser() if configured else Path.home() / ".docker"


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]
