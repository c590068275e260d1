"""What dockernb processes left behind that did not live to clean up."""

from __future__ import annotations

import json
from typing import Any

from .api import DockerApi, Query
from .errors import DaemonError
from .images import TEMPORARY_LABEL, ImageStore
from .kept import KEPT_LABEL
from .owner import Owner

__all__ = ["remove_leftovers"]


def remove_leftovers(api: DockerApi, images: ImageStore) -> list[str]:
    """Removes containers, volumes and intermediate images of dead processes of this machine.

    Those of living processes and of other machines stay.

    Returns:
        The IDs of the containers that were removed.
    """
    removed = []
    for container in _list(api, "containers", {"name": ["dockernb-"]}):
        names = container.get("Names") or [""]
        if _is_dead(names[0]) and _remove_container(api, container["Id"]):
            removed.append(container["Id"])
    for volume in _volumes(api):
        if _is_dead(volume):
            _remove(api, f"/volumes/{volume}", {"force": 1})
    for label in (TEMPORARY_LABEL, KEPT_LABEL):
        for image in _list(api, "images", {"label": [label]}):
            if _is_dead((image.get("Labels") or {}).get(label, "")):
                images.remove(image["Id"])
    return removed


def _list(api: DockerApi, what: str, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
    query: Query = {"all": 1, "filters": json.dumps(filters)}
    found: list[dict[str, Any]] = api.get_json(f"/{what}/json", query)
    return found


def _is_dead(name: str) -> bool:
    owner = Owner.of_name(name)
    return owner is not None and owner.is_dead()


def _volumes(api: DockerApi) -> list[str]:
    """Those of single steps among others; the names of caches tell of no process."""
    query: Query = {"filters": json.dumps({"name": ["dockernb-"]})}
    found = api.get_json("/volumes", query).get("Volumes") or ()
    return [str(volume["Name"]) for volume in found]


def _remove_container(api: DockerApi, container_id: str) -> bool:
    return _remove(api, f"/containers/{container_id}", {"force": 1, "v": 1})


def _remove(api: DockerApi, path: str, query: Query) -> bool:
    try:
        api.request("DELETE", path, query=query)
    except DaemonError as err:
        if err.status not in {404, 409}:
            raise
        return False
    return True
