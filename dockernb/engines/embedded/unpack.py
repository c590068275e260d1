"""Makes the layers of an image that came from elsewhere ready for containers."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from dockernb.engines.base import OnProgress, Progress
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.records import LayerRecord
from dockernb.engines.embedded.worker.client import HelperProcess
from dockernb.errors import BuildInterruptedError, OciError
from dockernb.oci.config import ImageConfig
from dockernb.oci.digest import short_id
from dockernb.oci.manifest import Descriptor

__all__ = ["unpack_layers"]


def unpack_layers(
    store: ImageStore,
    helper: HelperProcess,
    blobs: Sequence[Descriptor],
    config: ImageConfig,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> tuple[LayerRecord, ...]:
    """Unpacks the layers, whose blobs are in the layout, and checks that they are the config's.

    Raises:
        OciError: a layer is broken, hostile, or another one than the config says.
        BuildInterruptedError: `cancel` was set. Layers that were unpacked stay for the next time.
    """
    if len(blobs) != len(config.diff_ids):
        raise OciError(
            f"the image has {len(blobs)} layers",
            rule=f"its config speaks of {len(config.diff_ids)}",
        )
    layers = []
    worker = helper.worker()
    try:
        for blob, diff_id in zip(blobs, config.diff_ids, strict=True):
            if cancel.is_set():
                raise BuildInterruptedError("interrupted while layers were being unpacked")
            name = short_id(blob.digest)
            on_progress(Progress(name, "Extracting", 0, blob.size))
            path = str(store.layout.blob_path(blob.digest))
            with store_errors("unpacking a layer", store.folders.root):
                size = worker.call("unpack", diff_id=diff_id, blob=path)["size"]
            layers.append(LayerRecord(diff_id, blob, size))
            on_progress(Progress(name, "Pull complete", blob.size, blob.size))
        # The disk may take its time: the worker waits for it alone, and ends.
        worker.send("settle")
    finally:
        worker.close()
    return tuple(layers)
