"""A working container of the embedded engine: a worker, and its image."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from dockernb.engines.base import ContainerSpec, Image, OnOutput, PathStat, TerminalSize
from dockernb.engines.embedded.guest import Limits, Rung
from dockernb.engines.embedded.kept import EmbeddedKept
from dockernb.engines.embedded.output import Pipes, follow
from dockernb.engines.embedded.run_messages import layers_message, run_message
from dockernb.engines.embedded.store.errors import store_errors
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.records import ImageRecord, LayerRecord
from dockernb.engines.embedded.terminal import EmbeddedTerminal
from dockernb.engines.embedded.ways import check_commands_can_run
from dockernb.engines.embedded.worker.client import HelperProcess
from dockernb.errors import BuildInterruptedError, DockernbError
from dockernb.oci.config import ImageConfig
from dockernb.oci.diff import DiffEntry, FilesystemDiff
from dockernb.oci.manifest import OCI_LAYER, Descriptor

__all__ = ["EmbeddedContainer"]

_CHUNK = 1 << 16


class EmbeddedContainer:
    """See `WorkingContainer`. The ID is random, as Docker's are.

    Args:
        keep: Makes a new image one of those that are kept for a while.
    """

    def __init__(
        self,
        store: ImageStore,
        helper: HelperProcess,
        parent: ImageRecord,
        spec: ContainerSpec,
        limits: Limits,
        keep: Callable[[Image], EmbeddedKept],
    ) -> None:
        self._limits = limits
        self._keep = keep
        self._store = store
        self._helper = helper
        self._parent = parent
        self._spec = spec
        self._diff: FilesystemDiff | None = None
        self._warnings: tuple[str, ...] = ()
        self._id = secrets.token_hex(32)
        layers = layers_message(parent, store)
        self._worker = helper.worker(layers)
        try:
            with store_errors("opening the image", store.folders.root):
                self._worker.call("open", layers=layers)
        except BaseException:
            self._worker.close()
            raise

    @property
    def id(self) -> str:
        return self._id

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._warnings

    def run(self, on_output: OnOutput, cancel: threading.Event) -> int:
        if cancel.is_set():
            raise BuildInterruptedError("the step was interrupted before its command was started")
        check_commands_can_run(self._helper.facts())
        self._diff = None
        self._send_files()
        with Pipes() as pipes:
            message = run_message(self._spec, self._store, self._limits)
            self._worker.send("run", [pipes.output_end, pipes.cancel_end], **message)
            pipes.close_theirs()
            follow(pipes, self._worker.channel.fileno(), on_output, cancel)
            end = self._worker.answer()
        self._warnings = tuple(str(text) for text in end["warnings"])
        if end["cancelled"]:
            raise BuildInterruptedError("the command was interrupted; all its processes were ended")
        return int(end["exit_code"])

    def open_terminal(self, size: TerminalSize) -> EmbeddedTerminal:
        check_commands_can_run(self._helper.facts())
        self._diff = None
        self._send_files()
        message = run_message(self._spec, self._store, self._limits)
        return EmbeddedTerminal(self._worker, message, size)

    def write(self, tar: Iterable[bytes]) -> None:
        self._diff = None
        self._send_tar(tar, "write")

    def _send_files(self) -> None:
        """The files of bind mounts that are of no image."""
        for number, mount in enumerate(self._spec.mounts):
            if mount.files is not None:
                self._send_tar(mount.files("files"), "show", number=number)

    def _send_tar(self, tar: Iterable[bytes], do: str, **message: int) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._worker.send(do, [reader], **message)
        finally:
            os.close(reader)
        try:
            with suppress(BrokenPipeError), os.fdopen(writer, "wb", buffering=0) as sink:
                for piece in tar:
                    sink.write(piece)
        except BaseException:
            with suppress(DockernbError):  # that the stream ended early: why, is being raised
                self._worker.answer()
            raise
        with store_errors("writing the files", self._store.folders.root):
            self._worker.answer()

    def stat(self, path: str) -> PathStat | None:
        found = self._worker.call("stat", path=path)["found"]
        return None if found is None else PathStat(**found)

    def read(self, path: str) -> Iterator[bytes]:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            self._worker.send("read", [writer], path=path)
        finally:
            os.close(writer)
        try:
            while piece := os.read(reader, _CHUNK):
                yield piece
        finally:
            os.close(reader)
            self._worker.answer()

    def diff(self) -> FilesystemDiff:
        if self._diff is None:
            entries = map(DiffEntry.from_json, self._worker.call("diff")["entries"])
            self._diff = FilesystemDiff(tuple(sorted(entries, key=lambda entry: entry.path)))
        return self._diff

    def commit(self, config: ImageConfig, *, layer: bool) -> Image:
        return self._commit(config, layer=layer)

    def _commit(self, config: ImageConfig, *, layer: bool, adopt: bool = True) -> Image:
        layers = self._parent.layers
        with (
            store_errors("committing the snapshot", self._store.folders.root),
            self._store.layout.lock(shared=True),
        ):
            if layer:
                layers = (*layers, self._pack(adopt=adopt))
            wanted = config.with_layers([each.diff_id for each in layers])
            return self._store.add(wanted, layers)

    def keep(self, config: ImageConfig) -> EmbeddedKept:
        """A layer is made at once: a working tree is wanted for the next step.

        That tree must not count as the image's: it would be made anew when this one is given up.
        """
        adopt = Rung(self._helper.facts()["rung"]).has_overlay
        return self._keep(self._commit(config, layer=True, adopt=adopt))

    def remove(self) -> None:
        self._worker.close()

    def _pack(self, *, adopt: bool) -> LayerRecord:
        """The changes as a layer of the store.

        Args:
            adopt: The root's files become the unpacked layer; the root is not used after that.
        """
        with self._store.layout.new_blob() as blob:
            packed = self._worker.call("pack", [blob.fileno()])
            blob.commit_written(packed["diff_id"], packed["length"])
        if adopt:
            self._worker.call("keep", diff_id=packed["diff_id"])
        described = Descriptor(OCI_LAYER, packed["diff_id"], packed["length"])
        return LayerRecord(packed["diff_id"], described, packed["size"])
