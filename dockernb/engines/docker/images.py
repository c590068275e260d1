"""Images on the daemon: look up, and "seal": give layers that are there a config of our own.

`POST /commit` merges the container's config into the image (trap T1), so no image is left as it
comes from there. Its layers are: a load of a tiny archive that names them, with our config and
no layer content, makes an image with exactly that config. The daemon asks for the content of a
layer only if it does not have the chain (moby image/tarexport/load.go). The image ID is the digest
of our config's canonical bytes.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import threading
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from dockernb.engines.base import Image
from dockernb.errors import EngineError, InternalError, UnsupportedByEngineError
from dockernb.oci.config import ImageConfig, Platform, RuntimeConfig
from dockernb.oci.digest import EMPTY_LAYER_DIFF_ID, sha256_digest
from dockernb.oci.platforms import matches

from . import configs
from .api import LONG, DockerApi, stream_error
from .errors import DaemonError
from .local import LocalDisk
from .owner import this_process

__all__ = ["TEMPORARY_LABEL", "ImageStore"]

# On all images that are there for a moment, with the name of their owner; they are in nobody's
# chain of snapshots. One label: to find its images, the daemon reads every one that it has.
TEMPORARY_LABEL = "dockernb.temporary-image"

# Loose form of a reference or ID: whatever names an image has this form.
_NAME = re.compile(r"[a-zA-Z0-9]+(?:(?:[._:/@-]|__|-+)[a-zA-Z0-9]+)*")
_EMPTY_LAYER = bytes(1024)
_PODMAN_ATTEMPTS = 5
_EMPTY_LAYER_NAME = "empty/layer.tar"

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
        """The image with this name or ID."""
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

    def seal(self, config: ImageConfig, *, size: int, parent: str | None = None) -> Image:
        """Makes the image of `config`, whose layers the daemon has already (or that are empty).

        Args:
            size: Bytes of all layers, for the answer.
            parent: ID of the image that this one was made from. Where the daemon accepts it, it is
                noted, so that `docker images` lists only the end of a chain of snapshots.

        Raises:
            UnsupportedByEngineError: the daemon wants the layers' content, or names images by
                something else than their config.
        """
        made = sum(not entry.empty_layer for entry in config.history)
        if made > len(config.diff_ids):  # the daemon refuses it too, in words that help nobody
            raise InternalError(f"{made} entries of the history for {len(config.diff_ids)} layers")
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
            raw = self._disk.image_config(image_id)
            if raw is not None:
                config = ImageConfig.from_bytes(raw)
            else:
                history = self._api.get_json(f"/images/{quote(image_id)}/history")
                config = configs.from_inspect(inspected, history)
            known = Image(image_id, config, inspected.get("Size") or 0), raw
            with self._lock:
                self._known[image_id] = known
        return known

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
        """POST /images/load of `items` (see `_archive`), then makes sure that the image is there.

        The answer is a stream with HTTP 200 whatever happens (trap T6). It names the images that
        were made, which spares an inspect; wherever it does not, the daemon is asked.
        """
        archive = _archive(items, layers, stand_ins=self._api.is_podman)
        for more in reversed(range(_PODMAN_ATTEMPTS)):
            try:
                answer = self._load_once(archive)
                break
            except DaemonError as err:
                if not more or _PODMAN_REMOVES not in err.words:
                    raise _cannot_seal(err.words) from err
        if image_id not in answer and self.inspect(image_id) is None:
            raise _cannot_seal("it does not name the image by the digest of its config")

    def _load_once(self, archive: bytes) -> str:
        response = self._api.request(
            "POST", "/images/load", query={"quiet": 1}, data=archive, timeout=LONG
        )
        for line in response.text.splitlines():
            if line.strip() and (error := stream_error(json.loads(line))) is not None:
                raise error
        return response.text


def _archive(
    items: list[tuple[bytes, str, str | None]], content: Mapping[str, bytes], *, stand_ins: bool
) -> bytes:
    """The archive of `docker save` for configs whose layers the daemon has.

    Args:
        items: Config bytes, image ID, ID of a parent that stands before it in the list.
        content: Diff ID -> bytes of layers that the daemon may not have.
        stand_ins: An empty file stands for each layer. Podman looks whether the files are there
            before it finds the layers in its store (containers/image, docker/internal/tarfile).
    """
    manifest, files = [], dict[str, bytes]()
    for data, image_id, parent in items:
        name = f"{image_id.removeprefix('sha256:')}.json"
        diff_ids = json.loads(data)["rootfs"].get("diff_ids") or []
        layers = [_layer_name(diff_id) for diff_id in diff_ids]
        entry = {"Config": name, "RepoTags": None, "Layers": layers}
        manifest.append(entry | ({"Parent": parent} if parent else {}))
        files[name] = data
        if stand_ins:
            files |= dict.fromkeys(layers, b"")
        files |= {
            _layer_name(diff_id): content[diff_id] for diff_id in diff_ids if diff_id in content
        }
        if EMPTY_LAYER_DIFF_ID in diff_ids:
            files[_EMPTY_LAYER_NAME] = _EMPTY_LAYER
    files["manifest.json"] = json.dumps(manifest).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _layer_name(diff_id: str) -> str:
    if diff_id == EMPTY_LAYER_DIFF_ID:
        return _EMPTY_LAYER_NAME
    return f"{diff_id.removeprefix('sha256:')}/layer.tar"


def _cannot_seal(reason: str) -> UnsupportedByEngineError:
    return UnsupportedByEngineError(
        "the engine cannot give a snapshot exactly the wanted config",
        rule=f"loading a config on top of the layers it has failed: {reason}",
        state="no snapshot was committed",
        hint="use a Docker Engine with the classic image store (overlay2), or `%engine embedded`",
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
