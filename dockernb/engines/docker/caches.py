"""The caches of `RUN --mount=type=cache`: volumes with names of their own, which nobody owns."""

from __future__ import annotations

import json
import re

from dockernb.engines.base import RemovedCaches

from .api import DockerApi
from .errors import DaemonError
from .request import CACHE_PREFIX

__all__ = ["remove_caches"]

_NAME = re.compile(CACHE_PREFIX + "[0-9a-f]{16}")


def remove_caches(api: DockerApi) -> RemovedCaches:
    """Removes those that no container has, as `Engine.remove_caches`."""
    names = [name for name in _caches(api) if _NAME.fullmatch(name)]
    if not names:
        return RemovedCaches()
    sizes = _sizes(api)
    gone = tuple(name for name in names if _remove(api, name))
    return RemovedCaches(gone, sum(sizes.get(name, 0) for name in gone))


def _caches(api: DockerApi) -> list[str]:
    found = api.get_json("/volumes", {"filters": json.dumps({"name": [CACHE_PREFIX]})})
    return sorted(str(volume["Name"]) for volume in found.get("Volumes") or ())


def _sizes(api: DockerApi) -> dict[str, int]:
    """Bytes of each volume, which the daemon counts for this; -1: it cannot."""
    found = api.get_json("/system/df", {"type": "volume"}).get("Volumes") or ()
    usage = {str(each["Name"]): (each.get("UsageData") or {}).get("Size") or 0 for each in found}
    return {name: max(0, int(size)) for name, size in usage.items()}


def _remove(api: DockerApi, name: str) -> bool:
    try:
        api.request("DELETE", f"/volumes/{name}")
    except DaemonError as err:
        if err.status not in {404, 409}:  # gone, or a container has it
            raise
        return False
    return True
