"""Pushing an image through the daemon, with the reader's own registry credentials."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from dockernb.engines.base import OnProgress
from dockernb.errors import BuildInterruptedError, ImageNotFoundError, RegistryError
from dockernb.oci.pump import Pump

from .api import DockerApi, stream_error
from .errors import DaemonError
from .pull import credentials, progress_of, registry_of, split_reference

__all__ = ["push_image"]

_TOLD = re.compile(r": digest: (sha256:[0-9a-f]{64}) size: [0-9]+$")
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
            digest = _digest_in(line) or digest
            if line.get("id"):
                on_progress(progress_of(line))
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


def _digest_in(line: dict[str, Any]) -> str:
    """The digest of the manifest, if the line tells it; "" if not.

    With the containerd image store it is only in the words for a reader.
    """
    told = (line.get("aux") or {}).get("Digest")
    found = _TOLD.search(line.get("status") or "")
    return told or (found[1] if found else "")


def _lines(api: DockerApi, reference: str, stop: threading.Event) -> Iterator[dict[str, Any]]:
    name, tag = split_reference(reference)
    headers = credentials(api, name) or _NOBODY
    return api.lines(f"/images/{quote(name)}/push", {"tag": tag}, headers, stop)


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
