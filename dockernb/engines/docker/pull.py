"""Pulling an image through the daemon, with the reader's own registry credentials."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from docker import auth
from docker.errors import DockerException

from dockernb.engines.base import OnProgress, Progress
from dockernb.errors import BuildInterruptedError, EngineError, ImageNotFoundError, RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.pump import Pump

from .api import DockerApi, stream_error
from .errors import DaemonError

__all__ = ["credentials", "progress_of", "pull_image", "registry_of", "split_reference"]


def pull_image(
    api: DockerApi,
    reference: str,
    platform: Platform | None,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> None:
    """Pulls `reference`; the image is then on the daemon under this name.

    Raises:
        ImageNotFoundError: the registry does not have it (or hides it from us).
        RegistryError: the registry cannot be reached or refuses.
        BuildInterruptedError: `cancel` was set; the daemon stops too.
    """
    stop = threading.Event()
    pump = Pump(lambda: _lines(api, reference, platform, stop), "dockernb-pull")
    try:
        for line in pump.items(cancel):
            if (error := stream_error(line)) is not None:
                raise error
            if line.get("status"):
                on_progress(progress_of(line))
    except DaemonError as err:
        raise _explain(reference, platform, err) from err
    finally:
        stop.set()
        pump.close()
    if cancel.is_set():
        raise BuildInterruptedError(f'pulling "{reference}" was interrupted')


def split_reference(reference: str) -> tuple[str, str]:
    """Name and tag or digest. Without a tag it is `latest`: the daemon would pull all tags."""
    name, at, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    tagged = bool(colon) and "/" not in tag
    if at:
        return (head if tagged else name), digest
    return (head, tag) if tagged else (name, "latest")


def _lines(
    api: DockerApi, reference: str, platform: Platform | None, stop: threading.Event
) -> Iterator[dict[str, Any]]:
    name, tag = split_reference(reference)
    query = {"fromImage": name, "tag": tag}
    if platform is not None:
        query["platform"] = str(platform)
    return api.lines("/images/create", query, credentials(api, name), stop)


def credentials(api: DockerApi, name: str) -> dict[str, str]:
    """The header with what `docker login` keeps for the registry; helpers are asked too."""
    try:
        registry, _ = auth.resolve_repository_name(name)
        api.client.reload_config()
        header = auth.get_config_header(api.client, registry)
    except DockerException as err:
        raise RegistryError(
            f'the credentials for "{name}" cannot be read', rule=str(err), hint="try `docker login`"
        ) from err
    return {"X-Registry-Auth": header.decode()} if header else {}


def progress_of(line: dict[str, Any]) -> Progress:
    """A line of a pull or push; it has no sizes for a layer that is there already."""
    detail = line.get("progressDetail") or {}
    return Progress(
        id=str(line.get("id") or ""),
        status=str(line.get("status") or ""),
        current=int(detail.get("current") or 0),
        total=int(detail.get("total") or 0),
    )


def registry_of(reference: str) -> str:
    """The registry's host, as a reader knows it."""
    first = reference.partition("/")[0] if "/" in reference else ""
    is_host = "." in first or ":" in first or first == "localhost"
    return first if is_host else "docker.io"


def _explain(reference: str, platform: Platform | None, err: DaemonError) -> EngineError:
    host = registry_of(reference)
    if err.status in {400, 404}:
        on = f" for {platform}" if platform else ""
        return ImageNotFoundError(
            f'the registry "{host}" has no image "{reference}"{on}',
            rule=err.words,
            hint=f"check the name; a private image needs `docker login {host}`",
        )
    return RegistryError(
        f'cannot pull "{reference}": the registry "{host}" does not answer, or refuses',
        rule=err.words,
        hint=f"check the network and the registry; `docker login {host}` if it asks for a password",
    )
