"""What POST /images/load takes: the form of `docker save`, here almost without layers."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping

from dockernb.oci.digest import EMPTY_LAYER_DIFF_ID

__all__ = ["docker_archive"]

_EMPTY_LAYER = bytes(1024)
_EMPTY_LAYER_NAME = "empty/layer.tar"


def docker_archive(
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
