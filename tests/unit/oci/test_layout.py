"""An image layout: what is in it is whole and what it says it is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

import pytest

from dockernb.errors import InternalError, OciError
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_MANIFEST, Descriptor

from .archive_files import files_in

DATA = b"some bytes"
DIGEST = sha256_digest(DATA)
REF_NAME = "org.opencontainers.image.ref.name"


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "images")


def manifest(layout: ImageLayout, data: bytes = DATA) -> Descriptor:
    return Descriptor(OCI_MANIFEST, layout.put_bytes(data), len(data))


def test_a_new_layout_is_what_the_specification_says(layout: ImageLayout) -> None:
    marker = json.loads((layout.folder / "oci-layout").read_text())
    assert marker == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((layout.folder / "index.json").read_text())
    assert (index["schemaVersion"], index["manifests"]) == (2, [])
    assert (layout.folder / "blobs" / "sha256").is_dir()


def test_a_layout_opens_again_with_its_blobs_and_names(layout: ImageLayout) -> None:
    layout.set_name("debian:bookworm", manifest(layout))
    again = ImageLayout(layout.folder)
    assert again.names()["debian:bookworm"].digest == DIGEST
    assert again.read_blob(DIGEST, limit=100) == DATA


@pytest.mark.parametrize("version", ['"2.0.0"', "null", '"1.0"', "{}"])
def test_another_version_is_refused_and_left_alone(layout: ImageLayout, version: str) -> None:
    marker = f'{{"imageLayoutVersion": {version}}}'
    (layout.folder / "oci-layout").write_text(marker)
    with pytest.raises(OciError, match="image layout version") as failure:
        ImageLayout(layout.folder)
    assert '"1.0.0"' in str(failure.value.rule)
    assert (layout.folder / "oci-layout").read_text() == marker


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("oci-layout", "no json"),
        ("oci-layout", "[]"),
        ("index.json", "{"),
        ("index.json", '{"manifests": 1}'),
        ("index.json", "[" * 100_000),
    ],
)
def test_a_damaged_layout_is_refused(layout: ImageLayout, file: str, content: str) -> None:
    (layout.folder / file).write_text(content)
    with pytest.raises(OciError, match=file):
        ImageLayout(layout.folder)


def test_a_layout_that_lost_its_index_is_refused(layout: ImageLayout) -> None:
    (layout.folder / "index.json").unlink()
    with pytest.raises(OciError, match=r'index.json" is missing'):
        ImageLayout(layout.folder)


def test_a_layout_whose_creation_was_cut_off_is_completed(tmp_path: Path) -> None:
    index = {"schemaVersion": 2, "manifests": [], "kept": True}
    (tmp_path / "index.json").write_text(json.dumps(index))
    ImageLayout(tmp_path)
    assert json.loads((tmp_path / "index.json").read_text()) == index
    assert (tmp_path / "oci-layout").exists()


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "sha256:",
        "../../etc/passwd",
        "sha256:../" + 61 * "a",
        "sha512:" + 128 * "a",
        DIGEST + "\n",
    ],
)
def test_only_a_digest_becomes_a_path(layout: ImageLayout, digest: str) -> None:
    for use in (layout.blob_path, layout.has_blob, lambda text: layout.read_blob(text, limit=1)):
        with pytest.raises(OciError, match="is no digest"):
            use(digest)


def test_a_blob_is_written_once(layout: ImageLayout) -> None:
    assert layout.put_bytes(DATA) == DIGEST
    first = layout.blob_path(DIGEST).stat().st_ino
    assert layout.put_bytes(DATA) == DIGEST
    with layout.new_blob() as blob:
        blob.write(DATA[:4])
        blob.write(DATA[4:])
        assert blob.commit() == (DIGEST, len(DATA))
    assert layout.blob_path(DIGEST).stat().st_ino == first
    assert files_in(layout) == [f"blobs/sha256/{DIGEST[7:]}"]


def test_a_blob_that_is_not_committed_leaves_nothing(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        blob.write(DATA)
    with contextlib.suppress(KeyError), layout.new_blob() as blob:
        blob.write(DATA)
        raise KeyError
    assert files_in(layout) == []
    assert not layout.has_blob(DIGEST)


def test_a_blob_with_another_digest_than_expected_is_refused(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        blob.write(b"other bytes")
        with pytest.raises(OciError) as failure:
            blob.commit(DIGEST)
    assert DIGEST in failure.value.message
    assert sha256_digest(b"other bytes") in failure.value.message
    assert files_in(layout) == []


def test_a_blob_is_committed_once(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        blob.write(DATA)
        blob.commit()
        with pytest.raises(InternalError):
            blob.commit()
        with pytest.raises(InternalError):
            blob.write(DATA)


def test_a_damaged_blob_is_not_read(layout: ImageLayout) -> None:
    layout.put_bytes(DATA)
    layout.blob_path(DIGEST).write_bytes(b"Some bytes")
    with pytest.raises(OciError, match="damaged") as failure:
        layout.read_blob(DIGEST, limit=100)
    assert DIGEST in failure.value.message
    assert sha256_digest(b"Some bytes") in failure.value.message


def test_a_blob_that_was_cut_off_is_replaced(layout: ImageLayout) -> None:
    layout.put_bytes(DATA)
    layout.blob_path(DIGEST).write_bytes(b"")
    layout.put_bytes(DATA)
    assert layout.read_blob(DIGEST, limit=100) == DATA


def test_a_blob_is_read_up_to_the_limit(layout: ImageLayout) -> None:
    layout.put_bytes(DATA)
    assert layout.read_blob(DIGEST, limit=len(DATA)) == DATA
    with pytest.raises(OciError, match="too large"):
        layout.read_blob(DIGEST, limit=len(DATA) - 1)


def test_a_missing_blob_and_a_pipe_in_its_place_are_errors(layout: ImageLayout) -> None:
    with pytest.raises(OciError, match="is missing"):
        layout.read_blob(DIGEST, limit=100)
    os.mkfifo(layout.blob_path(DIGEST))
    with pytest.raises(OciError, match="no regular file"):
        layout.read_blob(DIGEST, limit=100)
    assert not layout.has_blob(DIGEST)


def test_a_file_is_adopted_once(layout: ImageLayout, tmp_path: Path) -> None:
    for _ in range(2):
        file = tmp_path / "download"
        file.write_bytes(DATA)
        layout.adopt(file, DIGEST)
        assert not file.exists()
        assert layout.read_blob(DIGEST, limit=100) == DATA


def test_a_file_of_another_file_system_is_adopted_if_its_digest_is_right(
    layout: ImageLayout,
) -> None:
    # /dev/shm is a file system of its own.
    file = Path("/dev/shm") / f"dockernb-adopt-{os.getpid()}"
    try:
        file.write_bytes(DATA)
        with pytest.raises(OciError, match="is wrong"):
            layout.adopt(file, sha256_digest(b"other"))
        layout.adopt(file, DIGEST)
        assert layout.read_blob(DIGEST, limit=100) == DATA
        assert not file.exists()
    finally:
        file.unlink(missing_ok=True)


def test_a_name_moves_from_image_to_image(layout: ImageLayout) -> None:
    layout.set_name("app:1", manifest(layout))
    layout.set_name("app:1", manifest(layout, b"newer"))
    layout.set_name("app:latest", manifest(layout, b"newer"))
    newer = sha256_digest(b"newer")
    assert {name: found.digest for name, found in layout.names().items()} == {
        "app:1": newer,
        "app:latest": newer,
    }


def test_only_what_is_stored_gets_a_name(layout: ImageLayout) -> None:
    with pytest.raises(OciError, match="cannot be named"):
        layout.set_name("app:1", Descriptor(OCI_MANIFEST, DIGEST, 1))
    with pytest.raises(OciError, match="cannot be named"):
        layout.set_name("", manifest(layout))
    assert layout.names() == {}


def test_a_name_is_removed_and_its_blob_stays(layout: ImageLayout) -> None:
    layout.set_name("app:1", manifest(layout))
    assert layout.remove_name("app:1")
    assert not layout.remove_name("app:1")
    assert layout.names() == {}
    assert layout.has_blob(DIGEST)


def test_what_others_wrote_into_the_index_is_kept(layout: ImageLayout) -> None:
    foreign = {
        "mediaType": "application/x-other",
        "digest": "sha512:" + "a" * 128,
        "size": 3,
        "urls": ["https://registry.example/blob"],
        "annotations": {REF_NAME: "theirs", "com.example.colour": "green"},
    }
    unnamed = {"digest": DIGEST, "size": 10, "platform": {"os": "windows", "os.version": "10"}}
    index = {"schemaVersion": 2, "manifests": [foreign, unnamed], "annotations": {"a": "b"}}
    (layout.folder / "index.json").write_text(json.dumps(index))
    layout.set_name("ours", manifest(layout))
    assert set(layout.names()) == {"ours"}
    layout.remove_name("ours")
    assert json.loads((layout.folder / "index.json").read_text()) == index


def test_a_name_is_given_while_the_layout_is_locked(
    layout: ImageLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    replace_file = layout._replace

    def watched(path: Path, data: bytes) -> None:
        seen.append((is_free(layout, "lock"), is_free(layout, "index.lock")))
        replace_file(path, data)

    monkeypatch.setattr(layout, "_replace", watched)
    layout.set_name("app:1", manifest(layout))
    layout.remove_name("app:1")
    assert seen == [(False, False)] * 2
    assert is_free(layout, "lock")


def test_the_holder_of_a_lock_may_set_names_and_lock_again(layout: ImageLayout) -> None:
    for shared in (True, False):
        with layout.lock(shared=shared), layout.lock(shared=True):
            layout.set_name("app:1", manifest(layout))
        assert is_free(layout, "lock")


def test_what_is_held_shared_is_not_asked_for_alone(layout: ImageLayout) -> None:
    with layout.lock(shared=True), pytest.raises(InternalError, match="shared"), layout.lock():
        pass
    with layout.lock():
        pass


def is_free(layout: ImageLayout, lock: str) -> bool:
    """Whether somebody else could take the lock alone."""
    with (layout.folder / lock).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
