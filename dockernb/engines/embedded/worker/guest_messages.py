"""Runs the command that a message describes."""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from dockernb.engines.embedded.files.apply import apply_tar
from dockernb.engines.embedded.files.look import pack_path
from dockernb.engines.embedded.guest import (
    GuestCommand,
    GuestMount,
    Limits,
    Rung,
    resolve_user,
    run_guest,
)
from dockernb.engines.embedded.guest.inside import Inside
from dockernb.engines.embedded.store.caches import held_cache
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.worker.overlay_root import remove_place
from dockernb.engines.embedded.worker.roots import Root
from dockernb.errors import UnsupportedByEngineError
from dockernb.oci.durable import ASIDE
from dockernb.oci.locks import locked
from dockernb.oci.temporary import TemporaryFiles

__all__ = ["GuestRunner", "OpenRoot"]

OpenRoot = Callable[[Sequence[Mapping[str, str]]], Root]
_KILLED = 137


class _CancelledError(Exception):
    """The command is not wanted any more, before it has begun."""


class GuestRunner:
    """Runs one command in `root`.

    Args:
        open_root: Opens another image, for bind mounts.
        shown: Number of a bind mount -> a root that holds its files as "/files".
    """

    def __init__(
        self,
        root: Root,
        rung: Rung,
        folders: StoreFolders,
        open_root: OpenRoot,
        shown: Mapping[int, Root],
    ) -> None:
        self._root = root
        self._rung = rung
        self._folders = folders
        self._open_root = open_root
        self._shown = shown

    def run(self, message: Mapping[str, Any], output: int, cancel: int) -> dict[str, Any]:
        """Runs it to its end.

        Args:
            output: Where standard output and standard error go; with a terminal, a socket that
                gets the engine's end of it.
            cancel: Closed at its other end when the command is to be killed.
        """
        try:
            return self._run(message, output, cancel)
        except _CancelledError:
            return {"exit_code": _KILLED, "cancelled": True, "warnings": []}

    def _run(self, message: Mapping[str, Any], output: int, cancel: int) -> dict[str, Any]:
        root = Path(self._root.path)
        self._check_caches(message["mounts"])
        with ExitStack() as stack:
            mounts = tuple(
                self._mount(stack, mount, self._shown.get(number), cancel)
                for number, mount in enumerate(message["mounts"])
            )
            command = GuestCommand(
                argv=tuple(message["argv"]),
                env=message["env"],
                credentials=resolve_user(root, message["user"]),
                working_dir=message["working_dir"],
                network=message["network"],
                hosts=message["hosts"],
                mounts=mounts,
                limits=Limits(**message["limits"]),
                ulimits=message["ulimits"],
                shm_size=message["shm_size"],
                beside=bool(message.get("beside")),
                terminal=_terminal(message),
            )
            end = run_guest(root, self._rung, command, stdout=output, stderr=output, cancel=cancel)
        return {
            "exit_code": end.exit_code,
            "cancelled": end.cancelled,
            "warnings": list(end.warnings),
        }

    def _mount(
        self, stack: ExitStack, message: Mapping[str, Any], shown: Root | None, cancel: int
    ) -> GuestMount:
        kind, source = message["kind"], ""
        if kind == "bind":
            source = self._bound(stack, message, shown)
        elif kind == "ssh":
            self._check_socket()
            source = message["source"]
        elif kind == "cache":
            source = str(self._held_cache(stack, message, cancel))
        return GuestMount(
            kind="bind" if kind in {"cache", "ssh"} else kind,
            target=message["target"],
            source=source,
            content=base64.b64decode(message.get("content", "")),
            read_only=message["read_only"],
            mode=message["mode"],
            uid=message["uid"],
            gid=message["gid"],
            size=message["size"],
        )

    def _check_socket(self) -> None:
        if not self._rung.has_mounts:
            raise UnsupportedByEngineError(
                "RUN --mount=type=ssh is not possible without mounts",
                rule="Here the embedded engine cannot show the agent's socket to a command.",
                state="The command was not started; no snapshot was committed",
                hint="Use for this step: %engine docker",
            )

    def _bound(self, stack: ExitStack, message: Mapping[str, Any], shown: Root | None) -> str:
        """The folder or file to show; what is written there is thrown away."""
        source = "/files"
        if shown is None:
            shown, source = self._open_root(message["layers"]), message["source"]
            stack.callback(shown.discard)
            shown.touch()
        inside = Inside(shown.path)
        stack.callback(inside.close)
        found = inside.open("/" + source.strip("/"))
        stack.callback(os.close, found)
        return str(Path(f"/proc/self/fd/{found}").readlink())

    def _check_caches(self, mounts: Sequence[Mapping[str, Any]]) -> None:
        names = [mount["source"] for mount in mounts if mount["kind"] == "cache"]
        if not self._rung.has_mounts and len(set(names)) < len(names):
            raise UnsupportedByEngineError(
                "one cache cannot be at two places of a command without mounts",
                rule="Here the folder of a cache is moved to where the command has it.",
                state="The command was not started; no snapshot was committed",
                hint="Give the mounts ids of their own, or use for this step: %engine docker",
            )

    def _held_cache(self, stack: ExitStack, message: Mapping[str, Any], cancel: int) -> Path:
        """The folder of a cache, which nobody takes away until the stack is left."""
        while True:
            folder = self._cache_folder(message)
            with ExitStack() as holding:
                alone = not self._rung.has_mounts
                if not holding.enter_context(held_cache(folder, cancel, alone=alone)):
                    raise _CancelledError
                if folder.exists():  # it may have been taken away between the two
                    stack.push(holding.pop_all())
                    return folder

    def _cache_folder(self, message: Mapping[str, Any]) -> Path:
        """One folder a name; the first user decides what it begins with, as in BuildKit."""
        name = hashlib.sha256(message["source"].encode("utf-8", "surrogateescape")).hexdigest()
        folder = self._folders.caches / name
        if folder.exists():
            return folder
        with (
            TemporaryFiles(self._folders.caches, ASIDE, remove_place).subfolder() as new,
            locked(self._folders.root / "beginning", exclusive=True),
        ):
            if not folder.exists():  # nobody was quicker
                self._begin_cache(new, message).rename(folder)
        return folder

    def _begin_cache(self, new: Path, message: Mapping[str, Any]) -> Path:
        """What the cache begins with, below `new`: files of an image, or nothing."""
        if "layers" in message:
            return self._files_of_image(new, message)
        parent = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        made = new / "files"
        try:
            made.mkdir(mode=0o700)
            self._root.owners.write(parent, made.name, message["uid"], message["gid"])
        finally:
            os.close(parent)
        made.chmod(0o755 if message["mode"] is None else message["mode"])
        return made

    def _files_of_image(self, new: Path, message: Mapping[str, Any]) -> Path:
        image = self._open_root(message["layers"])
        try:
            made = new / "files"
            made.mkdir(mode=0o755)
            with TemporaryFile(dir=new) as tar:
                pack_path(image.path, message["base"], tar.fileno(), image.owners)
                tar.seek(0)
                apply_tar(tar, str(made), image.owners)
            return made / posixpath.basename(str(message["base"]).rstrip("/"))
        finally:
            image.discard()


def _terminal(message: Mapping[str, Any]) -> tuple[int, int] | None:
    size = message.get("terminal")
    return None if size is None else (int(size[0]), int(size[1]))
