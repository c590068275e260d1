"""The layers of a base image, read from what an engine saves."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO

import pytest

from dockernb.engines.base import Image, OnProgress
from dockernb.errors import EngineError, LookError
from dockernb.look.base_layers import LayerStep, with_base_layers
from dockernb.look.follow import follow
from dockernb.look.image_layers import layer_changes
from dockernb.look.snapshot_files import SnapshotFiles
from dockernb.look.wasted import find_waste, wasted_bytes
from dockernb.oci.config import HistoryEntry, ImageConfig, Platform

from .steps import image_id, step

LAYERS = (
    {"etc/": None, "etc/a": b"12345", "etc/b": b"123", "opt/": None, "opt/x": b"1"},
    {"etc/": None, "etc/a": b"1234567", "etc/.wh.b": b"", "opt/.wh..wh..opq": b"", "opt/y": b"22"},
)


def tar_of(files: dict[str, bytes | None]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name.rstrip("/"))
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.size = len(data or b"")
            archive.addfile(info, io.BytesIO(data or b""))
    return buffer.getvalue()


def saved(layers: Sequence[dict[str, Any]], manifest: object = None) -> bytes:
    blobs = {f"blobs/sha256/{number}": tar_of(files) for number, files in enumerate(layers)}
    told = [{"Layers": list(blobs)}] if manifest is None else manifest
    return tar_of({"blobs/": None, **blobs, "manifest.json": json.dumps(told).encode()})


class Engine:
    """Has one image, whose archive it saves."""

    def __init__(self, archive: bytes | Exception) -> None:
        self.archive = archive
        self.saves = 0

    def image(self, image_id: str) -> Image:
        history = (HistoryEntry(created_by="one"), HistoryEntry(created_by="two"))
        config = ImageConfig(Platform("linux", "amd64"), history=history, diff_ids=("a", "b"))
        return Image(image_id, config)

    def save(
        self,
        names: Sequence[str],
        out: BinaryIO,
        form: str,
        on_progress: OnProgress,
        cancel: object,
    ) -> None:
        self.saves += 1
        if isinstance(self.archive, Exception):
            raise self.archive
        out.write(self.archive)


def changes(archive: bytes | Exception) -> list[list[str]]:
    engine: Any = Engine(archive)
    found = layer_changes(engine, image_id(1), lambda _: None, threading.Event())
    return [[f"{c.change} {c.path} {c.size}" for c in layer] for layer in found]


def test_layers_are_changes_against_those_below() -> None:
    assert changes(saved(LAYERS)) == [
        ["A /etc 0", "A /etc/a 5", "A /etc/b 3", "A /opt 0", "A /opt/x 1"],
        ["M /etc/a 7", "D /etc/b 0", "D /opt/x 0", "A /opt/y 2"],
    ]


def test_archive_that_is_none_and_engines_that_fail_are_errors() -> None:
    for hostile in (b"no tar at all" * 100, saved((), manifest={}), saved((), manifest=[{}])):
        with pytest.raises(LookError):
            changes(hostile)
    with pytest.raises(EngineError, match="disk"):
        changes(EngineError("the disk is full"))


def test_layers_of_the_base_count_in_follow_and_in_what_is_wasted() -> None:
    engine: Any = Engine(saved(LAYERS))
    files = SnapshotFiles(engine)
    steps = [step(1, "FROM a"), step(2, "RUN x", "D /etc/a")]
    for _ in range(2):
        layered = with_base_layers(files, steps, lambda _: None, threading.Event())
    assert engine.saves == 1, "the layers of a base are kept"
    events = follow(layered, "/etc/a", None)
    assert [(e.step.source, e.what) for e in events] == [
        ("one", "added"),
        ("two", "modified"),
        ("RUN x", "deleted"),
    ]
    assert [e.to_json().get("layer") for e in events] == [1, 2, None]
    assert events[0].to_json()["step"] == 1
    found = find_waste(layered, dict)
    assert {(w.path, w.bytes, w.how) for w in found} == {
        ("/etc/a", 7, "removed"),
        ("/etc/a", 5, "replaced"),
        ("/etc/b", 3, "removed"),
        ("/opt/x", 1, "removed"),
    }
    assert wasted_bytes(found) == 0, "nothing of it can be saved by the notebook"
    assert isinstance(layered[0], LayerStep)
    assert found[0].to_json()["added_in_layer"] == 2
