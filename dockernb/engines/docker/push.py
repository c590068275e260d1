"""Pushing an image through the daemon, with the reader's own registry credentials."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests
import urllib3

from dockernb.engines.base import OnProgress, Progress
from dockernb.errors import BuildInterruptedError, ImageNotFoundError, RegistryError
from dockernb.oci.pump import Pump

from .api import LONG, DockerApi, stream_error
from .errors import DaemonError
from .pull import credentials, registry_of, split_reference

__all__ = ["push_image"]

# Without credentials the daemon wants the header all the same: an empty object.
_NOBODY = {"X-Registry-Auth": "e30="}


def push_image(
    api: DockerApi, reference: str, on_progress: OnProgress, cancel: threading.Event
) -> str:
    """Pushes `reference`; returns the digest of the manifest, as the daemon tells it.

    Raises:
        ImageNotFoundError: the daemon has no image of this name.
        RegistryError: the registry cannot be reached or refuses.
        BuildInterruptedError: `cancel` was set; the daemon stops too.
    """
    stop = threading.Event()
    pump = Pump(lambda: _lines(api, reference, stop), "dockernb-push")
    digest = ""
    try:
        for line in pump.items(cancel):
            if (error := stream_error(line)) is not None:
                raise error
            digest = (line.get("aux") or {}).get("Digest") or digest
            if line.get("id"):
                on_progress(_progress(line))
    except DaemonError as err:
        raise _explain(reference, err) from err
    finally:
        stop.set()
        pump.close()
    if cancel.is_set():
        raise BuildInterruptedError(
            f'pushing "{reference}" was interrupted',
            state="The registry may hold some of its layers, but not the image.",
        )
    return digest


def _lines(api: DockerApi, reference: str, stop: threading.Event) -> Iterator[dict[str, Any]]:
    name, tag = split_reference(reference)
    response = api.request(
        "POST",
        f"/images/{quote(name)}/push",
        query={"tag": tag},
        headers=credentials(api, name) or _NOBODY,
        stream=True,
        timeout=LONG,
    )
    # Leaving closes the connection, which makes the daemon stop.
    with response:
        try:
            for line in response.iter_lines():
                if stop.is_set():
                    return
                if line:
                    yield json.loads(line)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as err:
            raise api.lost(err) from err


def _progress(line: dict[str, Any]) -> Progress:
    """The daemon tells no sizes for layers that the registry has."""
    detail = line.get("progressDetail") or {}
    return Progress(
        id=str(line["id"]),
        status=str(line.get("status") or ""),
        current=int(detail.get("current") or 0),
        total=int(detail.get("total") or 0),
    )


def _explain(reference: str, err: DaemonError) -> Exception:
    host = registry_of(reference)
    if err.status == 404 or "does not exist locally" in err.words:
        return ImageNotFoundError(
            f'the engine has no image "{reference}"',
            hint=f"Name it first: %tag {reference}",
        )
    return RegistryError(
        f'cannot push "{reference}": the registry "{host}" does not answer, or refuses',
        rule=err.words,
        state="The registry may hold some of its layers, but not the image.",
        hint=f"Check the name and the network; `docker login {host}` if it asks for a password.",
    )
