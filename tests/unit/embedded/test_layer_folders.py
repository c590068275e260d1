"""Layers unpacked for overlay mounts: when their folders are believed."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from dockernb.engines.embedded.compressed import compress, known_compressed, remember_compressed
from dockernb.engines.embedded.files.owners import NOTED
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.names import layer_name
from dockernb.engines.embedded.worker.unpack import is_unpacked, settle, unpack_layer
from dockernb.oci.compression import open_layer
from dockernb.oci.manifest import OCI_LAYER, OCI_LAYER_GZIP, Descriptor
from tests.conformance.bench import tar_of

NEVER = threading.Event()


@pytest.fixture
def folders(tmp_path: Path) -> StoreFolders:
    return StoreFolders(tmp_path / "store").make()


def unpacked(folders: StoreFolders, blob: Path) -> str:
    blob.write_bytes(tar_of([("file", b"content")]))
    diff_id = f"sha256:{hashlib.sha256(blob.read_bytes()).hexdigest()}"
    unpack_layer(folders, blob, diff_id, NOTED)
    return diff_id


def start_machine_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dockernb.engines.embedded.worker.unpack.boot_id", lambda: "next boot")


def test_a_layer_that_may_not_be_on_the_disk_is_not_believed_in_the_next_boot(
    folders: StoreFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diff_id = unpacked(folders, tmp_path / "blob")
    assert is_unpacked(folders, diff_id)
    start_machine_anew(monkeypatch)
    assert not is_unpacked(folders, diff_id)
    settle(folders)  # of what came in an earlier boot, nobody knows more by that
    assert not is_unpacked(folders, diff_id)


def test_a_layer_that_has_reached_the_disk_is_believed_in_the_next_boot(
    folders: StoreFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    diff_id = unpacked(folders, tmp_path / "blob")
    settle(folders)
    start_machine_anew(monkeypatch)
    assert is_unpacked(folders, diff_id)
    assert (folders.unpacked / layer_name(diff_id) / "files/file").read_bytes() == b"content"


def test_a_compressed_layer_is_the_same_each_time_and_remembered(
    folders: StoreFolders, tmp_path: Path
) -> None:
    plain = os.urandom(1000) * 3000
    (tmp_path / "plain").write_bytes(plain)
    digest = f"sha256:{hashlib.sha256(plain).hexdigest()}"
    layer = Descriptor(OCI_LAYER, digest, len(plain))
    assert known_compressed(folders, layer) is None
    made = compress(tmp_path / "plain", tmp_path / "one", layer, NEVER)
    assert compress(tmp_path / "plain", tmp_path / "two", layer, NEVER) == made
    data = (tmp_path / "one").read_bytes()
    assert made == Descriptor(
        OCI_LAYER_GZIP, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)
    )
    with open_layer(tmp_path / "one", limit=1 << 30) as stream:
        assert stream.read() == plain
    remember_compressed(folders, layer, made)
    assert known_compressed(folders, layer) == made
