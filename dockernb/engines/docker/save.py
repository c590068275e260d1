"""Images of the daemon as an archive."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import urllib3

from dockernb.engines.base import ArchiveFormat, OnProgress, Progress
from dockernb.errors import BuildInterruptedError, ImageNotFoundError, UnsupportedByEngineError
from dockernb.oci.pump import Pump

from .api import LONG, DockerApi
from .images import ImageStore

__all__ = ["save_images"]

_PIECE = 1 << 18


def save_images(
    api: DockerApi,
    images: ImageStore,
    names: Sequence[str],
    out: BinaryIO,
    form: ArchiveFormat,
    on_progress: OnProgress,
    cancel: threading.Event,
) -> None:
    """Writes what `docker save` would. The daemon tells no total: it is that of the layers.

    Raises:
        ImageNotFoundError: there is no image of that name.
        UnsupportedByEngineError: another form than "docker".
    """
    if form != "docker":
        raise UnsupportedByEngineError(
            "the Docker engine writes its own form of archive only",
            hint="Leave out --format, or copy the archive: "
            "skopeo copy docker-archive:FILE.tar oci-archive:OTHER.tar",
        )
    total = 0
    for name in names:
        image = images.find(name)
        if image is None:
            raise ImageNotFoundError(
                f'the engine has no image "{name}"', hint=f"docker pull {name}"
            )
        total += image.size
    pump = Pump(lambda: _pieces(api, names), "dockernb-save")
    written = 0
    try:
        for piece in pump.items(cancel):
            out.write(piece)
            written += len(piece)
            on_progress(Progress("archive", "Saving", written, max(total, written)))
    finally:
        pump.close()
    if cancel.is_set():
        raise BuildInterruptedError("saving was interrupted", state="No archive was written.")
    on_progress(Progress("archive", "Saved", written, written))


def _pieces(api: DockerApi, names: Sequence[str]) -> Iterator[bytes]:
    query = [("names", name) for name in names]
    response = api.request("GET", "/images/get", query=query, stream=True, timeout=LONG)
    with response:
        try:
            while piece := response.raw.read(_PIECE):
                yield piece
        except (urllib3.exceptions.HTTPError, OSError) as err:
            raise api.lost(err) from err
