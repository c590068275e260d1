"""What a worker does: one working container, from its channel's first message to the last."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dockernb.engines.embedded.files.apply import apply_tar
from dockernb.engines.embedded.files.look import pack_path, stat_path
from dockernb.engines.embedded.files.owners import NOTED, REAL, Owners
from dockernb.engines.embedded.guest import Rung, own_mounts
from dockernb.engines.embedded.store.names import layer_name
from dockernb.engines.embedded.store.strays import Strays
from dockernb.engines.embedded.worker.channel import Channel, ClosedError
from dockernb.engines.embedded.worker.failures import failure_of
from dockernb.engines.embedded.worker.guest_messages import GuestRunner
from dockernb.engines.embedded.worker.layers import LayerFiles
from dockernb.engines.embedded.worker.overlay_root import OverlayRoot, remove_place
from dockernb.engines.embedded.worker.roots import Root
from dockernb.engines.embedded.worker.tree_root import TreeRoot
from dockernb.engines.embedded.worker.unpack import is_unpacked, settle, unpack_layer
from dockernb.errors import EngineError

__all__ = ["Worker"]

Message = dict[str, Any]


class Worker:
    """Answers one message after the other; ends when the engine closes the channel."""

    def __init__(self, channel: Channel, rung: Rung, layers: LayerFiles) -> None:
        self._channel = channel
        self._layers = layers
        self._folders = layers.folders
        self._rung = rung
        # A supervisor keeps owners itself; and an ordinary user cannot give files away.
        is_root = os.geteuid() == 0 and not rung.is_supervised
        self._owners: Owners = REAL if is_root else NOTED
        self._has_overlay = rung.has_overlay
        self._root: Root | None = None
        self._shown: dict[int, Root] = {}
        self._answers: dict[str, Callable[[Message, list[int]], Message]] = {
            "unpack": self._unpack,
            "open": self._open,
            "write": self._write,
            "stat": self._stat,
            "read": self._read,
            "show": self._show,
            "run": self._run,
            "diff": self._diff,
            "pack": self._pack,
            "keep": self._keep,
            "sweep": self._sweep,
            "beside": self._beside,
            "settle": self._settle,
        }
        self._others: list[int] = []

    def serve(self) -> None:
        """Until the channel is closed."""
        if self._has_overlay:
            own_mounts()  # they end with this process, however it ends
        try:
            self._serve()
        finally:
            self._end_others()
            for root in (*self._shown.values(), self._root):
                if root is not None:
                    root.discard()

    def _serve(self) -> None:
        with suppress(ClosedError):
            while True:
                message, files = self._channel.receive()
                self._channel.send(self._answer(message, files))

    def _end_others(self) -> None:
        for pid in self._others:
            os.kill(pid, signal.SIGKILL)  # not waited for yet, so the pid is still its own
            os.waitpid(pid, 0)

    def _answer(self, message: Message, files: list[int]) -> Message:
        try:
            return self._answers[message["do"]](message, files)
        except Exception as error:  # noqa: BLE001 - the engine raises it again
            return failure_of(error)
        finally:
            for descriptor in files:
                os.close(descriptor)

    @property
    def _opened(self) -> Root:
        if self._root is None:
            raise EngineError("the working container is not open")
        return self._root

    def _unpack(self, message: Message, _files: list[int]) -> Message:
        diff_id, blob = message["diff_id"], Path(message["blob"])
        if self._has_overlay:
            return {"size": unpack_layer(self._folders, blob, diff_id, self._owners)}
        self._layers.learn([message])
        return {"size": self._layers.make_plain(diff_id)}

    def _open(self, message: Message, _files: list[int]) -> Message:
        self._root = self._open_root(message["layers"])
        return {}

    def _open_root(self, layers: Sequence[Mapping[str, str]]) -> Root:
        diff_ids = self._layers.learn(layers)
        if not self._has_overlay:
            return TreeRoot(self._layers, diff_ids, self._owners)
        for layer in layers:
            if not is_unpacked(self._folders, layer["diff_id"]):
                blob = Path(layer["blob"])
                unpack_layer(self._folders, blob, layer["diff_id"], self._owners)
        return OverlayRoot(self._folders, [layer_name(each) for each in diff_ids], self._owners)

    def _write(self, _message: Message, files: list[int]) -> Message:
        with os.fdopen(os.dup(files[0]), "rb") as stream:
            root = self._opened
            root.touch()
            apply_tar(stream, root.path, root.owners)
        return {}

    def _show(self, message: Message, files: list[int]) -> Message:
        """Takes the files of the bind mount with this number: below "/files" of a root."""
        root = self._shown[message["number"]] = self._open_root([])
        with os.fdopen(os.dup(files[0]), "rb") as stream:
            root.touch()
            apply_tar(stream, root.path, root.owners)
        return {}

    def _stat(self, message: Message, _files: list[int]) -> Message:
        root = self._opened
        found = stat_path(root.path, message["path"], root.owners)
        return {"found": None if found is None else dataclasses.asdict(found)}

    def _read(self, message: Message, files: list[int]) -> Message:
        root = self._opened
        with suppress(BrokenPipeError):  # the reader has seen enough
            pack_path(root.path, message["path"], files[0], root.owners)
        return {}

    def _run(self, message: Message, files: list[int]) -> Message:
        output, cancel = files
        self._opened.touch()
        runner = GuestRunner(self._opened, self._rung, self._folders, self._open_root, self._shown)
        return runner.run(message, output, cancel)

    def _beside(self, _message: Message, files: list[int]) -> Message:
        """Another process for this root, with a channel of its own: this one is about to wait."""
        pid = os.fork()
        if pid == 0:
            try:
                self._channel.close()
                self._channel = Channel.of_descriptor(os.dup(files[0]))
                self._serve()
            finally:
                os._exit(0)
        self._others.append(pid)
        return {}

    def _diff(self, _message: Message, _files: list[int]) -> Message:
        return {"entries": [entry.to_json() for entry in self._opened.changes()]}

    def _pack(self, _message: Message, files: list[int]) -> Message:
        return dataclasses.asdict(self._opened.pack(files[0]))

    def _keep(self, message: Message, _files: list[int]) -> Message:
        root, self._root = self._opened, None
        try:
            root.keep(message["diff_id"])
        finally:
            root.discard()
        return {}

    def _settle(self, _message: Message, _files: list[int]) -> Message:
        if self._has_overlay:
            settle(self._folders)
        return {}

    def _sweep(self, _message: Message, _files: list[int]) -> Message:
        """Removes what is nobody's, or was set aside to be removed."""
        Strays(self._folders).remove(remove_place)
        return {}
