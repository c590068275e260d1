"""Runs the command that a message describes."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dockernb.engines.embedded.guest import (
    GuestCommand,
    GuestMount,
    Limits,
    Rung,
    resolve_user,
    run_guest,
)
from dockernb.engines.embedded.guest.inside import Inside
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.worker.roots import Root
from dockernb.oci.locks import locked

__all__ = ["GuestRunner", "OpenRoot"]

OpenRoot = Callable[[Sequence[Mapping[str, str]]], Root]


class GuestRunner:
    """Runs one command in `root`.

    Args:
        open_root: Opens another image, for bind mounts.
    """

    def __init__(self, root: Root, rung: Rung, folders: StoreFolders, open_root: OpenRoot) -> None:
        self._root = root
        self._rung = rung
        self._folders = folders
        self._open_root = open_root

    def run(self, message: Mapping[str, Any], output: int, cancel: int) -> dict[str, Any]:
        """Runs it to its end.

        Args:
            output: Where standard output and standard error go.
            cancel: Closed at its other end when the command is to be killed.
        """
        root = Path(self._root.path)
        with ExitStack() as stack:
            mounts = tuple(self._mount(stack, mount) for mount in message["mounts"])
            command = GuestCommand(
                argv=tuple(message["argv"]),
                env=message["env"],
                credentials=resolve_user(root, message["user"]),
                working_dir=message["working_dir"],
                network=message["network"],
                hosts=message["hosts"],
                mounts=mounts,
                limits=Limits(**message["limits"]),
            )
            end = run_guest(root, self._rung, command, stdout=output, stderr=output, cancel=cancel)
        return {
            "exit_code": end.exit_code,
            "cancelled": end.cancelled,
            "warnings": list(end.warnings),
        }

    def _mount(self, stack: ExitStack, message: Mapping[str, Any]) -> GuestMount:
        kind, source = message["kind"], ""
        if kind == "bind":
            source = self._bound(stack, message)
        elif kind == "cache":
            source = str(self._cache_folder(message))
            if not self._rung.has_mounts:  # the folder is moved into the tree
                stack.enter_context(locked(Path(f"{source}.lock"), exclusive=True))
        return GuestMount(
            kind="bind" if kind == "cache" else kind,
            target=message["target"],
            source=source,
            content=base64.b64decode(message.get("content", "")),
            read_only=message["read_only"],
            mode=message["mode"],
            uid=message["uid"],
            gid=message["gid"],
            size=message["size"],
        )

    def _bound(self, stack: ExitStack, message: Mapping[str, Any]) -> str:
        """The folder or file of another image; what is written there is thrown away."""
        other = self._open_root(message["layers"])
        stack.callback(other.discard)
        inside = Inside(other.path)
        stack.callback(inside.close)
        found = inside.open("/" + message["source"].strip("/"))
        stack.callback(os.close, found)
        return str(Path(f"/proc/self/fd/{found}").readlink())

    def _cache_folder(self, message: Mapping[str, Any]) -> Path:
        """One folder a name; the first user decides on its mode and owner, as in BuildKit."""
        name = hashlib.sha256(message["source"].encode("utf-8", "surrogateescape")).hexdigest()
        folder = self._folders.caches / name
        if folder.exists():
            return folder
        folder.mkdir(mode=0o700)
        parent = os.open(self._folders.caches, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._root.owners.write(parent, name, message["uid"], message["gid"])
        finally:
            os.close(parent)
        folder.chmod(0o755 if message["mode"] is None else message["mode"])
        return folder
