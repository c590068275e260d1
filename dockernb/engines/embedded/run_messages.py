"""What a worker is told of a command to run."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from dockernb.engines.base import ContainerSpec, Mount
from dockernb.engines.embedded.guest import Limits
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.records import ImageRecord
from dockernb.errors import EngineError, UnsupportedByEngineError

__all__ = ["layers_message", "run_message"]


def run_message(spec: ContainerSpec, store: ImageStore, limits: Limits) -> dict[str, Any]:
    """The message for `spec`; secrets are in it, and it goes through a socket to one process.

    Raises:
        UnsupportedByEngineError: the embedded engine cannot give the command what it asks for.
    """
    if spec.security == "insecure":
        raise UnsupportedByEngineError(
            "RUN --security=insecure is not possible without a daemon",
            rule="the embedded engine has no more rights than you have",
            hint="Export the notebook and run `docker buildx build --allow security.insecure`.",
        )
    return {
        "argv": list(spec.command),
        "env": {**spec.env, **spec.secret_env},
        "user": spec.user,
        "working_dir": spec.working_dir,
        "network": "none" if spec.network == "none" else "host",
        # The network is the machine's own, so its gateway to the machine is the machine.
        "hosts": {
            name: "127.0.0.1" if address == "host-gateway" else address
            for name, address in spec.extra_hosts.items()
        },
        "ulimits": {name: list(limits) for name, limits in spec.ulimits.items()},
        "shm_size": spec.shm_size,
        "mounts": [_mount(mount, store) for mount in spec.mounts],
        "limits": asdict(limits),
    }


def layers_message(record: ImageRecord, store: ImageStore) -> list[dict[str, str]]:
    """The layers of an image, base first, with the files that hold them."""
    return [
        {"diff_id": layer.diff_id, "blob": str(store.layout.blob_path(layer.blob.digest))}
        for layer in record.layers
    ]


def _mount(mount: Mount, store: ImageStore) -> dict[str, Any]:
    message: dict[str, Any] = {
        "kind": mount.kind,
        "target": mount.target,
        "source": mount.source,
        "read_only": mount.read_only,
        "size": mount.size,
        "mode": mount.mode,
        "uid": mount.uid,
        "gid": mount.gid,
        "base": mount.base,
    }
    if mount.content is not None:
        message["content"] = base64.b64encode(mount.content).decode()
    if mount.source_image is not None:
        found = store.get(mount.source_image)
        if found is None:
            raise EngineError(
                f'the image "{mount.source_image}" of a mount is gone',
                hint="Run the cells of its stage again.",
            )
        message["layers"] = layers_message(found[1], store)
    return message
