"""Takes away what a test made on the daemon, over a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import docker
from docker.errors import APIError


class Cleaner:
    """Removes the named images, and the test cache, at the end of a block.

    Removals of containers go on in the background for a moment; an image that one of them still
    stands on is removed by force.
    """

    def __init__(self, host: str) -> None:
        self.client = docker.APIClient(base_url=host)
        self.images: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for container in self.client.containers(all=True, filters={"name": "^/dockernb-"}):
            if container["ImageID"] in self.images:
                self._quietly(self.client.remove_container, container["Id"], force=True)
        for image in reversed(self.images):
            self._quietly(self.client.remove_image, image, noprune=True, force=True)
        for volume in (
            self.client.volumes(filters={"label": "dockernb.cache=dockernb-test-cache"})["Volumes"]
            or ()
        ):
            self._quietly(self.client.remove_volume, volume["Name"])
        self.client.close()

    def names(self) -> list[str]:
        """Names of all containers that dockernb made."""
        found = self.client.containers(all=True, filters={"name": "^/dockernb-"})
        return [container["Names"][0] for container in found]

    def inspect(self, image_id: str) -> dict[str, Any]:
        """The image as the daemon has it."""
        found: dict[str, Any] = self.client.inspect_image(image_id)  # type: ignore[no-untyped-call]
        return found

    def created_by(self, image_id: str) -> str:
        """The newest line of `docker history`."""
        history = self.client.history(image_id)  # type: ignore[no-untyped-call]
        return str(history[0]["CreatedBy"])

    @staticmethod
    def _quietly(remove: Callable[..., Any], *arguments: object, **options: object) -> None:
        with suppress(APIError):
            remove(*arguments, **options)
