"""Images on the daemon: look up, and "seal": give layers that are there a config of our own.

`POST /commit` merges the container's config into the image (trap T1), so no image is left as it
comes from there. Its layers are: a load of a tiny archive that names them, with our config and
no layer content, makes an image with exactly that config. The daemon asks for the content of a
layer only if it does not have the chain (moby image/tarexport/load.go). The image ID is the digest
of our config's canonical bytes.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from dockernb.engines.base import Image
from dockernb.errors import EngineError, InternalError, UnsupportedByEngineError
from dockernb.oci.config import ImageConfig, Platform, RuntimeConfig
from dockernb.oci.digest import sha256_digest
from dockernb.oci.platforms import matches

from . import configs
from .api import LONG, DockerApi, stream_error
from .docker_archive import docker_archive
from .errors import DaemonError
from .local import LocalDisk
from .owner import this_process

__all__ = ["TEMPORARY_LABEL", "ImageStore", "check_history"]

# On all images that are there for a moment, with the name of their owner; they are in nobody's
# chain of snapshots. One label: to find its images, the daemon reads every one that it has.
TEMPORARY_LABEL = "dockernb.temporary-image"

# Loose form of a reference or ID: whatever names an image has this form.
_NAME = re.compile(r"[a-zA-Z0-9]+(?:(?:[._:/@-]|__|-+)[a-zA-Z0-9]+)*")
_PODMAN_ATTEMPTS = 5

# What Podman says when another image on the same layers is removed while it loads one.
_PODMAN_REMOVES = "layer not known"


class ImageStore:
    """The images of one daemon. Configs are kept in memory: an ID stands for one config forever."""

    def __init__(self, api: DockerApi, disk: LocalDisk) -> None:
        self._api = api
        self._disk = disk
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Image, bytes | None]] = {}

    def inspect(self, reference: str) -> dict[str, Any] | None:
        """GET /images/{reference}/json; None if there is no such image.

        Podman looks at all images for it, and fails when another one is removed meanwhile.
        """
        if not _NAME.fullmatch(reference):
            return None  # never let a name with ".." or nothing at all shape the request's path
        attempts = _PODMAN_ATTEMPTS if self._api.is_podman else 1
        while True:
            attempts -= 1
            try:
                found: dict[str, Any] = self._api.get_json(f"/images/{quote(reference)}/json")
            except DaemonError as err:
                if err.status in {400, 404}:  # 400: not even the form of a name
                    return None
                if err.status != 500 or not attempts:
                    raise
            else:
                return found

    def find(self, reference: str) -> Image | None:
        """The image with this name or ID.

        Of one that is known by its ID, the daemon's disk tells quicker whether it is still there:
        a cached cell asks for two.
        """
        with self._lock:
            known = self._known.get(reference)
        if known is not None and self._disk.has_image(reference):
            return known[0]
        inspected = self.inspect(reference)
        if inspected is None:
            return None
        image, _ = self._remember(inspected)
        return replace(image, digest=_repo_digest(reference, inspected))

    def known(self, image_id: str) -> Image:
        """The image with this ID, whose existence need not be checked again.

        Raises:
            EngineError: it is not there.
        """
        with self._lock:
            found = self._known.get(image_id)
        image = found[0] if found else self.find(image_id)
        if image is None:
            raise EngineError(
                f'the image "{image_id}" is gone from the engine',
                hint="run the cells above again",
            )
        return image

    def seal(
        self,
        config: ImageConfig,
        *,
        size: int,
        parent: str | None = None,
        committed: str | None = None,  # noqa: ARG002 - here, layers are found by their diff IDs
    ) -> Image:
        """Makes the image of `config`, whose layers the daemon has already (or that are empty).

        Args:
            size: Bytes of all layers, for the answer.
            parent: ID of the image that this one was made from. Where the daemon accepts it, it is
                noted, so that `docker images` lists only the end of a chain of snapshots.
            committed: ID of the image that has the layer which `parent` does not have.

        Raises:
            UnsupportedByEngineError: the daemon wants the layers' content.
        """
        check_history(config)
        data, image_id = config.to_bytes(), config.image_id
        items = [(data, image_id, self._link(config, parent))]
        if parent and items[0][2]:
            parent_bytes = self._known[parent][1]
            assert parent_bytes is not None  # noqa: S101 - _link has looked
            items.insert(0, (parent_bytes, parent, None))
        self._load(items, image_id)
        image = Image(image_id, config, size)
        with self._lock:
            self._known[image_id] = (image, data)
        return image

    def committed_size(
        self,
        inspected: Mapping[str, Any],
        parent: Image,  # noqa: ARG002
        written: int | None,  # noqa: ARG002
    ) -> int:
        """Bytes of all layers of an image that was committed on top of `parent`.

        Args:
            inspected: What the daemon tells of it.
            written: Bytes of the files in its own layer, if they were counted.
        """
        return self._size_of(inspected)

    def working_image(self, image_id: str, more: bytes | None = None) -> str:
        """An image with the same files as `image_id` and a config that does nothing.

        For parents with VOLUMEs: a container made from them gets anonymous volumes, and what is
        written there is not committed (trap T2). Each call makes another one, for one container:
        a shared one could be removed with another container while this one is being created, and
        what stands on an image that is gone cannot be committed.

        Args:
            more: A layer, uncompressed, to be laid on top of those of `image_id`.
        """
        config = self.known(image_id).config
        marked = RuntimeConfig(labels={TEMPORARY_LABEL: this_process().new_name()})
        layers = {sha256_digest(more): more} if more is not None else {}
        bare = ImageConfig(config.platform, marked, diff_ids=(*config.diff_ids, *layers))
        self._load([(bare.to_bytes(), bare.image_id, None)], bare.image_id, layers)
        return bare.image_id

    def forget(self, image_id: str) -> None:
        """Looks the image up anew next time: it is gone."""
        with self._lock:
            self._known.pop(image_id, None)

    def close(self) -> None:
        """Ends what the store keeps open beside the API's connections."""

    def tag(self, image_id: str, reference: str) -> None:
        """Names an image `repository[:tag]`."""
        repository, tag = _split_tag(reference)
        query = {"repo": repository, "tag": tag or "latest"}
        self._api.request("POST", f"/images/{quote(image_id)}/tag", query=query)

    def remove(self, image_id: str) -> None:
        """Removes an image but not its parents; one that is gone or in use is left alone."""
        try:
            self._api.request("DELETE", f"/images/{quote(image_id)}", query={"noprune": 1})
        except DaemonError as err:
            if err.status not in {404, 409}:
                raise

    def references(self) -> list[str]:
        """All names of images."""
        images = self._api.get_json("/images/json")
        names = {name for image in images for name in image.get("RepoTags") or ()}
        return sorted(names - {"<none>:<none>"})

    def of_platform(self, reference: str, platform: Platform | None) -> Image | None:
        """The image with this name if it is of this platform; None stands for any."""
        image = self.find(reference)
        if image is None or platform is None:
            return image
        return image if matches(image.config.platform, platform) else None

    def _remember(self, inspected: Mapping[str, Any]) -> tuple[Image, bytes | None]:
        image_id = inspected["Id"]
        with self._lock:
            known = self._known.get(image_id)
        if known is None:
            config, raw = self._config_of(inspected)
            known = Image(image_id, config, self._size_of(inspected)), raw
            with self._lock:
                self._known[image_id] = known
        return known

    def _size_of(self, inspected: Mapping[str, Any]) -> int:
        return int(inspected.get("Size") or 0)

    def _config_of(self, inspected: Mapping[str, Any]) -> tuple[ImageConfig, bytes | None]:
        """The config of an image, and its bytes if they can be had."""
        raw = self._disk.image_config(inspected["Id"])
        if raw is not None:
            return ImageConfig.from_bytes(raw), raw
        history = self._api.get_json(f"/images/{quote(inspected['Id'])}/history")
        return configs.from_inspect(inspected, history), None

    def _link(self, config: ImageConfig, parent: str | None) -> str | None:
        """`parent` if the daemon would accept it: its bytes are known, its history is one shorter.

        The rule is checkValidParent of moby's image/tarexport/load.go; breaking it is an error.
        """
        with self._lock:
            known = self._known.get(parent) if parent else None
        if known is None or known[1] is None:
            return None
        before = json.loads(known[1]).get("history") or []
        now = config.to_json()["history"]
        return parent if now and now[:-1] == before else None

    def _load(
        self,
        items: list[tuple[bytes, str, str | None]],
        image_id: str,
        layers: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Loads `items`, see `docker_archive`."""
        self._load_archive(docker_archive(items, layers, stand_ins=self._api.is_podman), image_id)

    def _load_archive(self, archive: bytes, image_id: str) -> None:
        """POST /images/load, then makes sure that the image is there.

        The answer is a stream with HTTP 200 whatever happens (trap T6). It names the images that
        were made, which spares an inspect; wherever it does not, the daemon is asked.
        """
        for more in reversed(range(_PODMAN_ATTEMPTS)):
            try:
                answer = self._load_once(archive)
                break
            except DaemonError as err:
                if not more or _PODMAN_REMOVES not in err.words:
                    raise _cannot_seal(err.words) from err
        if image_id not in answer and self.inspect(image_id) is None:
            raise _cannot_seal("the image is not there, or has another name")

    def _load_once(self, archive: bytes) -> str:
        response = self._api.request(
            "POST", "/images/load", query={"quiet": 1}, data=archive, timeout=LONG
        )
        for line in response.text.splitlines():
            if line.strip() and (error := stream_error(json.loads(line))) is not None:
                raise error
        return response.text


def check_history(config: ImageConfig) -> None:
    """The daemon refuses it too, in words that help nobody."""
    made = sum(not entry.empty_layer for entry in config.history)
    if made > len(config.diff_ids):
        raise InternalError(f"{made} entries of the history for {len(config.diff_ids)} layers")


def _cannot_seal(reason: str) -> UnsupportedByEngineError:
    return UnsupportedByEngineError(
        "the engine cannot give a snapshot exactly the wanted config",
        rule=f"loading a config on top of the layers it has failed: {reason}",
        state="no snapshot was committed",
        hint="use another Docker Engine, or `%engine embedded`",
    )


def _split_tag(reference: str) -> tuple[str, str]:
    """Repository and tag; a colon before the last slash is a registry's port."""
    head, colon, tag = reference.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (reference, "")


def _repo_digest(reference: str, inspected: Mapping[str, Any]) -> str | None:
    """The manifest digest by which the image was pulled under this name."""
    wanted = _split_tag(reference.partition("@")[0])[0]
    familiar = wanted.removeprefix("docker.io/").removeprefix("library/")
    for entry in inspected.get("RepoDigests") or ():
        repository, _, digest = entry.partition("@")
        if repository.removeprefix("docker.io/").removeprefix("library/") == familiar:
            return str(digest)
    return None
