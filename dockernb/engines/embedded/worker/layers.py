"""The layers of images as a worker reads them: plain tars, and indexes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dockernb.engines.embedded.files.index import ImageIndex, LayerEntries, layer_entries
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.names import digits
from dockernb.errors import OciError
from dockernb.oci.compression import open_layer
from dockernb.oci.durable import ASIDE, sync_file
from dockernb.oci.temporary import TemporaryFiles

__all__ = ["MOST_BYTES", "LayerFiles"]

# Of one layer, uncompressed, as of one in an archive. Nobody's has more; a bomb would.
MOST_BYTES = 1 << 35
_CHUNK = 1 << 20
# Indexes of images: of those that a chain of snapshots goes on from.
_KEPT = 8


class LayerFiles:
    """Finds the plain tars of layers, and what is in them.

    What was read is kept: the helper reads before it forks, so that its workers need not.
    """

    def __init__(self, folders: StoreFolders) -> None:
        self.folders = folders
        self._blobs: dict[str, Path] = {}
        self._entries: dict[str, LayerEntries] = {}
        self._indexes: dict[tuple[str, ...], ImageIndex] = {(): ImageIndex()}

    def learn(self, layers: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
        """Takes note of where layers lie, as a message tells it; returns their diff IDs."""
        found = {layer["diff_id"]: Path(layer["blob"]) for layer in layers}
        self._blobs.update(found)
        return tuple(layer["diff_id"] for layer in layers)

    def index(self, diff_ids: Sequence[str]) -> ImageIndex:
        """The index of an image with these layers."""
        wanted = tuple(diff_ids)
        known = self._indexes.pop(wanted, None)
        if known is None:
            known = self.index(wanted[:-1]).with_layer(self._of_layer(wanted[-1]))
        self._indexes[wanted] = known  # the latest at the end
        while len(self._indexes) > _KEPT:
            del self._indexes[next(key for key in self._indexes if key not in {(), wanted})]
        return known

    def has_all(self, diff_ids: Iterable[str]) -> bool:
        """Whether all of these layers can be read."""
        return all(self._source(diff_id) is not None for diff_id in diff_ids)

    def make_plain(self, diff_id: str) -> int:
        """Makes the layer ready for working trees; returns the bytes of its files."""
        sizes = {
            entry.node: entry.size for _, entry in self._of_layer(diff_id) if entry is not None
        }
        return sum(sizes.values())

    def _of_layer(self, diff_id: str) -> LayerEntries:
        if diff_id not in self._entries:
            self._entries[diff_id] = layer_entries(self._plain(diff_id))
        return self._entries[diff_id]

    def _plain(self, diff_id: str) -> Path:
        """The uncompressed tar: the blob itself, or a copy that is made once."""
        source = self._source(diff_id)
        if source is None:
            raise OciError(f"the layer {diff_id} is gone from the store")
        if source.name == digits(diff_id):
            return source
        plain = self.folders.plain / digits(diff_id)
        _inflate(source, plain, diff_id)
        return plain

    def _source(self, diff_id: str) -> Path | None:
        name = digits(diff_id)
        places = (self.folders.layout / "blobs" / "sha256" / name, self.folders.plain / name)
        plain = next((place for place in places if place.exists()), None)
        blob = self._blobs.get(diff_id)
        return plain or (blob if blob is not None and blob.exists() else None)


def _inflate(blob: Path, target: Path, diff_id: str) -> None:
    digest = hashlib.sha256()
    with TemporaryFiles(target.parent, ASIDE).file() as (aside, file):
        with open_layer(blob, limit=MOST_BYTES) as stream:
            while data := stream.read(_CHUNK):
                digest.update(data)
                file.write(data)
            sync_file(file)
        if (found := f"sha256:{digest.hexdigest()}") != diff_id:
            raise OciError(
                f"a layer has the diff ID {found}", rule=f"the image says {diff_id}",
                state="Nothing of the layer is used.",
            )  # fmt: skip
        aside.replace(target)
