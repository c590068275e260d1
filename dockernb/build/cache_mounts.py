"""`sharing=` of cache mounts: who may use a cache at the same time.

shared: everybody; locked: one after the other; private: who finds it taken gets another one. The
locks are files, so that they hold between kernels; they go with their process.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ..engines.base import ContainerSpec, Mount
from ..errors import BuildInterruptedError
from ..oci.locks import try_locked
from ..oci.private_folder import make_private_folder

__all__ = ["held_caches"]

# Between two looks at a cache that is in use: an interrupt must not wait longer.
_SECONDS = 0.2


@contextmanager
def held_caches(
    spec: ContainerSpec, folder: Path, cancel: threading.Event
) -> Iterator[ContainerSpec]:
    """`spec` with caches that nobody else uses meanwhile, where it asks for that.

    Args:
        folder: Of the locks.

    Raises:
        BuildInterruptedError: `cancel` was set while a cache was waited for.
    """
    with ExitStack() as stack:
        held: dict[tuple[str, str], str] = {}  # a step may have one cache at two places
        mounts = []
        for mount in spec.mounts:
            if mount.kind == "cache" and mount.sharing != "shared":
                asked = mount.source, mount.sharing
                held[asked] = held.get(asked) or _held(mount, folder, stack, cancel)
                mounts.append(replace(mount, source=held[asked]))
            else:
                mounts.append(mount)
        yield replace(spec, mounts=tuple(mounts))


def _held(mount: Mount, folder: Path, stack: ExitStack, cancel: threading.Event) -> str:
    """The name of the cache, which nobody else uses until the stack is left."""
    if mount.sharing == "locked":
        while not stack.enter_context(try_locked(_lock_file(folder, mount.source))):
            if cancel.wait(_SECONDS):
                raise BuildInterruptedError("interrupted while another build uses the cache mount")
        return mount.source
    number, name = 1, mount.source
    while not stack.enter_context(try_locked(_lock_file(folder, name))):
        number += 1
        name = f"{mount.source}\nprivate={number}"
    return name


def _lock_file(folder: Path, name: str) -> Path:
    make_private_folder(folder)
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return folder / digest
