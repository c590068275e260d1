"""Registries of images: resolving names, fetching and pushing (OCI distribution specification)."""

from __future__ import annotations

from .client import RegistryClient
from .credentials import Credential, Credentials, DockerCredentials
from .manifests import ResolvedImage
from .settings import RegistrySettings

__all__ = [
    "Credential",
    "Credentials",
    "DockerCredentials",
    "RegistryClient",
    "RegistrySettings",
    "ResolvedImage",
]
