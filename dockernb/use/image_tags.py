"""Tags of an image's repository, asked of its registry with little patience."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

from ..errors import OciError
from ..oci.reference import Reference
from ..oci.registry import RegistryClient, RegistrySettings

__all__ = ["registry_tags", "repository_of"]

_CONNECT_SECONDS = 2.0
_READ_SECONDS = 4.0
_DIGITS = re.compile(r"(\d+)")


def repository_of(typed: str) -> str | None:
    """The repository in an image name that is being typed; None before its tag has begun."""
    name, colon, tag = typed.rpartition(":")
    if not colon or "/" in tag or "@" in typed or "$" in typed:
        return None
    try:
        Reference.parse(name)
    except OciError:
        return None
    return name


def registry_tags(repository: str, cancel: threading.Event) -> tuple[str, ...]:
    """The tags of a repository as it was written, numbers in them in their order.

    Raises:
        DockernbError: the registry does not answer soon, or refuses.
    """
    settings = replace(
        RegistrySettings.from_environment(),
        attempts=1,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
    )
    client = RegistryClient(settings=settings)
    try:
        found = client.tags(Reference.parse(repository), cancel=cancel)
    finally:
        client.close()
    return tuple(sorted(found, key=_order))


def _order(tag: str) -> list[tuple[int, str]]:
    parts = _DIGITS.split(tag)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]
