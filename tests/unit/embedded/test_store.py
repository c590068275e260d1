"""The store: images whole or not at all, named, held and collected."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dockernb.engines.base import Image
from dockernb.engines.embedded.engine import EmbeddedEngine
from dockernb.engines.embedded.store.collect import collect, discard
from dockernb.engines.embedded.store.errors import disk_error
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.images import ImageStore
from dockernb.engines.embedded.store.leases import Lease, leased_images
from dockernb.engines.embedded.store.places import dead_places, places, take_away
from dockernb.engines.embedded.store.records import ImageRecord, LayerRecord
from dockernb.errors import EngineError, EngineNotAvailableError, StorageFullError
from dockernb.oci.config import ImageConfig
from dockernb.oci.locks import locked
from dockernb.oci.manifest import OCI_LAYER, Descriptor


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(StoreFolders(tmp_path / "store").make())


def add(store: ImageStore, content: bytes, *below: LayerRecord) -> tuple[Image, LayerRecord]:
    digest = store.layout.put_bytes(content)
    layer = LayerRecord(digest, Descriptor(OCI_LAYER, digest, len(content)), len(content))
    layers = (*below, layer)
    config = ImageConfig().with_layers([each.diff_id for each in layers])
    return store.add(config, layers), layer


def blobs(store: ImageStore) -> set[str]:
    return {file.name for file in (store.folders.layout / "blobs" / "sha256").iterdir()}


def test_an_image_is_found_by_its_id_in_another_process(store: ImageStore) -> None:
    image, _ = add(store, b"layer")
    found = ImageStore(store.folders).get(image.id)
    assert found is not None
    assert found[0] == image
    assert found[0].size == 5


@pytest.mark.parametrize("name", ["app", "app:latest", "docker.io/library/app"])
def test_an_image_is_found_by_its_name(store: ImageStore, name: str) -> None:
    image, _ = add(store, b"layer")
    store.tag(image.id, "app")
    found = store.find(name)
    assert found is not None
    assert found.id == image.id


@pytest.mark.parametrize("name", ["", "Not A Name", "..", "app", "sha256:" + "0" * 64])
def test_what_is_not_there_is_not_found(store: ImageStore, name: str) -> None:
    assert store.find(name) is None


def test_an_image_that_another_process_removed_is_gone(store: ImageStore) -> None:
    image, _ = add(store, b"layer")
    found = ImageStore(store.folders).get(image.id)
    assert found is not None
    ImageStore(store.folders).forget(found[1])
    assert store.get(image.id) is None


def test_a_damaged_record_is_an_error_and_not_an_image(store: ImageStore) -> None:
    image, _ = add(store, b"layer")
    (store.folders.records / image.id[7:]).write_bytes(b'{"id": "sha256:x"')
    assert list(ImageStore(store.folders).records()) == []


def test_collection_takes_what_has_no_name_and_is_not_held(store: ImageStore) -> None:
    base, layer = add(store, b"base")
    named, _ = add(store, b"named", layer)
    held, _ = add(store, b"held")
    gone, _ = add(store, b"gone", layer)
    store.tag(named.id, "app")
    with Lease(store.folders.leases) as lease:
        lease.hold(held.id)
        garbage = collect(store)
    assert set(garbage.images) == {base.id, gone.id}
    assert {record.id for record in store.records()} == {named.id, held.id}
    assert layer.diff_id[7:] in blobs(store), "the named image stands on it"
    assert len(blobs(store)) == 2 + 2 + 3  # configs, manifests, layers
    assert garbage.size > 0


def test_collection_of_all_takes_names_too_but_not_what_is_held(store: ImageStore) -> None:
    named, _ = add(store, b"named")
    held, _ = add(store, b"held")
    for image, name in ((named, "app"), (held, "used")):
        store.tag(image.id, name)
    with Lease(store.folders.leases) as lease:
        lease.hold(held.id)
        assert collect(store, with_named=True).images == (named.id,)
    assert list(store.names()) == ["docker.io/library/used:latest"]


class _FoundMeanwhile(ImageStore):
    """Another engine finds each image just before a collection takes it off the record."""

    lease: Lease

    def forget(self, record: ImageRecord) -> None:
        self.lease.hold(record.id)
        super().forget(record)


@pytest.mark.parametrize("take", ["all", "one"])
def test_what_an_engine_finds_while_a_collection_goes_on_stays(
    store: ImageStore, take: str
) -> None:
    image, _ = add(store, b"found")
    before = blobs(store)
    meanwhile = _FoundMeanwhile(store.folders)
    with Lease(store.folders.leases) as meanwhile.lease:
        if take == "all":
            assert collect(meanwhile).images == ()
        else:
            discard(meanwhile, image.id)
    assert store.get(image.id) is not None
    assert blobs(store) == before


def test_an_engine_does_not_find_what_is_collected_before_its_lease_is_noted(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, _ = add(store, b"gone")
    hold = Lease.hold

    def late(lease: Lease, image_id: str) -> None:
        collect(store)
        hold(lease, image_id)

    monkeypatch.setattr(Lease, "hold", late)
    engine = EmbeddedEngine(store.folders.root)
    try:
        assert engine.image(image.id) is None
    finally:
        engine.close()


def test_an_image_is_held_before_it_is_on_record(store: ImageStore) -> None:
    seen = []

    def hold(image_id: str) -> None:
        seen.append((image_id, store.get(image_id)))

    image, _ = add(ImageStore(store.folders, hold), b"new")
    assert seen == [(image.id, None)]
    assert store.get(image.id) is not None


def test_collection_sets_aside_what_nobody_needs(store: ImageStore) -> None:
    _, layer = add(store, b"kept")
    store.tag(next(iter(store.records())).id, "app")
    unpacked, running = store.folders.unpacked, store.folders.running
    for folder in (unpacked / layer.diff_id[7:27], unpacked / "other", running / "dead"):
        folder.mkdir()
    (running / "alive").mkdir()
    with locked(running / "alive" / "lock", exclusive=True):
        assert dead_places(running) == [running / "dead"]
        collect(store)
        assert list(places(unpacked)) == [unpacked / layer.diff_id[7:27]]
        assert list(places(running)) == [running / "alive"]
        assert not take_away(running / "alive")


def test_a_lease_dies_with_its_process(store: ImageStore) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from dockernb.engines.embedded.store.leases import Lease\n"
        "lease = Lease(Path(sys.argv[1])); lease.hold('sha256:1'); lease.hold('sha256:2')\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    folder = store.folders.leases
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert leased_images(folder) == {"sha256:1", "sha256:2"}
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert leased_images(folder) == set()
    assert not list(folder.iterdir())


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    folders = StoreFolders(tmp_path).make()
    (folders.root / "version").write_text("2")
    with pytest.raises(EngineNotAvailableError, match='version "2"') as caught:
        folders.make()
    assert "DOCKERNB_HOME" in (caught.value.hint or "")


def test_a_store_that_cannot_be_made_says_where_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineNotAvailableError, match="file/store") as caught:
        StoreFolders(tmp_path / "file" / "store").make()
    assert "DOCKERNB_HOME" in (caught.value.hint or "")


def test_nobody_else_may_read_the_store(store: ImageStore) -> None:
    assert os.stat(store.folders.root).st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, StorageFullError), (errno.EDQUOT, StorageFullError), (errno.EIO, EngineError)],
)
def test_errors_of_the_disk_are_told_in_words(
    tmp_path: Path, number: int, kind: type[EngineError]
) -> None:
    error = disk_error(OSError(number, os.strerror(number)), "committing", tmp_path)
    assert type(error) is kind
    assert str(tmp_path) in error.message
    assert error.state
    assert error.hint
