"""Working trees on disk: one is taken, used by one worker at a time, and left for the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from dockernb.engines.embedded.files.scan import Mark, Scan
from dockernb.engines.embedded.store.boot import boot_id
from dockernb.engines.embedded.store.places import hold_place, new_place, places
from dockernb.engines.embedded.worker.overlay_root import remove_place

__all__ = ["TreePlace", "take_place"]

# So many trees may lie there unused before another one is brought to a foreign image.
_SPARE = 2


class TreePlace:
    """One working tree, locked by this process."""

    def __init__(self, folder: Path, lock: IO[str]) -> None:
        self._folder = folder
        self._lock = lock

    @property
    def files(self) -> Path:
        """The tree."""
        return self._folder / "files"

    @property
    def is_dirty(self) -> bool:
        """Whether a container used it since it was saved."""
        return (self._folder / "dirty").exists()

    def mark_dirty(self) -> None:
        (self._folder / "dirty").touch()

    def layers(self) -> tuple[str, ...]:
        """The diff IDs of what it held when it was saved; () if nobody knows."""
        try:
            return tuple(json.loads((self._folder / "layers").read_bytes()))
        except (OSError, ValueError):
            return ()

    def load(self) -> tuple[tuple[str, ...], Scan]:
        """The layers and the scan. Of a tree that was not saved, nothing: it is emptied.

        Nor of one from before the machine was started anew, which may have cut its files off.
        """
        try:
            state = json.loads((self._folder / "state").read_bytes())
            if state["boot"] != boot_id():
                raise ValueError("another boot")
            scan = {path: Mark(*mark) for path, mark in state["scan"].items()}
            return tuple(state["layers"]), scan
        except (OSError, ValueError, KeyError, TypeError):
            self.mark_dirty()  # all that lies there is foreign to an empty scan
            return (), {}

    def save(self, layers: Sequence[str], scan: Scan) -> None:
        """The tree holds just these layers.

        Nothing waits for the disk: files and state are only believed in the boot that wrote them,
        and there, what was renamed is whole.
        """
        state = {"layers": layers, "boot": boot_id(), "scan": scan}
        self._replace("state", json.dumps(state).encode())
        self._replace("layers", json.dumps(layers).encode())
        (self._folder / "dirty").unlink(missing_ok=True)

    def _replace(self, name: str, data: bytes) -> None:
        aside = self._folder / f".{name}"  # left by a dead worker, it is written over
        aside.write_bytes(data)
        aside.rename(self._folder / name)

    def remove_asides(self) -> None:
        """What a dead worker had moved out of the tree for a while (guest/placing.py)."""
        for aside in self._folder.glob(".aside-*"):
            remove_place(aside)

    def forget(self) -> None:
        """Nobody can say what the tree holds until it is saved again."""
        (self._folder / "state").unlink(missing_ok=True)

    def release(self) -> None:
        """Another worker may take it."""
        self._lock.close()


def take_place(trees: Path, layers: Sequence[str]) -> TreePlace:
    """The free tree that has most in common with an image of these layers, or a new one."""
    free = list(_free_places(trees))
    best = max(free, key=lambda place: _likeness(place.layers(), layers), default=None)
    if best is not None and not any(_likeness(best.layers(), layers)) and len(free) <= _SPARE:
        best = None
    for place in free:
        if place is not best:
            place.release()
    return best or _new_place(trees)


def _free_places(trees: Path) -> Iterator[TreePlace]:
    for folder in places(trees):
        lock = hold_place(folder)
        if lock is not None:
            yield TreePlace(folder, lock)


def _new_place(trees: Path) -> TreePlace:
    folder, lock = new_place(trees)
    folder.chmod(0o755)
    (folder / "files").mkdir(mode=0o755)
    return TreePlace(folder, lock)


def _likeness(held: Sequence[str], wanted: Sequence[str]) -> tuple[bool, int]:
    """Whether both are the same, and how many layers from the base on they have in common."""
    pairs = zip(held, wanted, strict=False)
    common = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
    return tuple(held) == tuple(wanted), min(len(held), len(wanted)) if common is None else common
