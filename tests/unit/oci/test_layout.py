"""The image layout: blobs whole or not at all, names that several processes change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dockernb.errors import OciError
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_MANIFEST, Descriptor

DIGEST = sha256_digest(b"hello")


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "oci")


def files_of(layout: ImageLayout) -> list[str]:
    folder = layout.blob_path(DIGEST).parent.parent.parent
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def test_a_layout_says_its_version(layout: ImageLayout, tmp_path: Path) -> None:
    said = json.loads((tmp_path / "oci" / "oci-layout").read_text())
    assert said == {"imageLayoutVersion": "1.0.0"}


def test_a_layout_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "2.0.0"}')
    with pytest.raises(OciError, match=r"version 2\.0\.0"):
        ImageLayout(tmp_path)


def test_bytes_become_a_blob_once(layout: ImageLayout) -> None:
    assert layout.put_bytes(b"hello") == layout.put_bytes(b"hello") == DIGEST
    assert layout.read_blob(DIGEST, limit=5) == b"hello"
    assert files_of(layout) == [DIGEST[7:], "oci-layout"]


def test_a_blob_that_is_too_large_to_read_is_an_error(layout: ImageLayout) -> None:
    layout.put_bytes(b"hello")
    with pytest.raises(OciError, match="more than 4 bytes"):
        layout.read_blob(DIGEST, limit=4)


def test_a_damaged_blob_is_found(layout: ImageLayout) -> None:
    layout.put_bytes(b"hello")
    layout.blob_path(DIGEST).write_bytes(b"hellO")
    with pytest.raises(OciError, match=sha256_digest(b"hellO")) as caught:
        layout.read_blob(DIGEST, limit=100)
    assert caught.value.rule == f"expected {DIGEST}"


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../x", "md5:" + "0" * 64, "x" * 71])
def test_what_is_no_digest_leads_nowhere(layout: ImageLayout, digest: str) -> None:
    with pytest.raises(OciError):
        layout.blob_path(digest)


def test_a_blob_with_another_digest_than_expected_is_not_kept(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        blob.write(b"hellO")
        with pytest.raises(OciError, match=sha256_digest(b"hellO")):
            blob.commit(DIGEST)
    assert files_of(layout) == ["oci-layout"]


def test_a_blob_that_is_not_committed_is_gone(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        blob.write(b"half")
    assert files_of(layout) == ["oci-layout"]


def test_somebody_else_may_write_the_file(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        os.write(blob.fileno(), b"hello")
        blob.commit_written(DIGEST, 5)
    assert layout.read_blob(DIGEST, limit=5) == b"hello"


def test_a_file_of_another_length_is_no_blob(layout: ImageLayout) -> None:
    with layout.new_blob() as blob:
        os.write(blob.fileno(), b"hell")
        with pytest.raises(OciError, match="4 bytes"):
            blob.commit_written(DIGEST, 5)
    assert not layout.has_blob(DIGEST)


def test_a_killed_writer_leaves_nothing_but_a_file_to_remove(
    layout: ImageLayout, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from dockernb.oci.layout import ImageLayout\n"
        "with ImageLayout(Path(sys.argv[1])).new_blob() as blob:\n"
        "    blob.write(b'half'); print('writing', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "oci")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        layout.remove_leftovers()
        assert len(files_of(layout)) == 2, "the file of a living writer stays"
        process.send_signal(signal.SIGKILL)
        process.wait()
    again = ImageLayout(tmp_path / "oci")
    again.remove_leftovers()
    assert files_of(again) == ["oci-layout"]


def manifest(number: int) -> Descriptor:
    return Descriptor(OCI_MANIFEST, sha256_digest(str(number).encode()), number)


def test_a_name_stands_for_one_manifest(layout: ImageLayout) -> None:
    layout.set_name("a", manifest(1))
    layout.set_name("b", manifest(1))
    layout.set_name("a", manifest(2))
    assert {name: found.size for name, found in layout.names().items()} == {"a": 2, "b": 1}
    layout.remove_name("a")
    layout.remove_name("never there")
    assert set(layout.names()) == {"b"}


def test_entries_of_others_are_kept(layout: ImageLayout, tmp_path: Path) -> None:
    index = tmp_path / "oci" / "index.json"
    foreign = {**manifest(7).to_json(), "annotations": {"org.example": "x"}}
    index.write_text(json.dumps({"schemaVersion": 2, "manifests": [foreign]}))
    layout.set_name("a", manifest(1))
    assert foreign in json.loads(index.read_text())["manifests"]


def test_names_given_by_many_processes_at_once_are_all_kept(
    layout: ImageLayout, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from dockernb.oci.layout import ImageLayout\n"
        "from dockernb.oci.manifest import Descriptor\n"
        "layout = ImageLayout(Path(sys.argv[1]))\n"
        "for n in range(10): layout.set_name(f'{sys.argv[2]}-{n}', Descriptor('m', sys.argv[3], n))"
    )
    folder = str(tmp_path / "oci")
    writers = [
        subprocess.Popen([sys.executable, "-c", code, folder, str(writer), DIGEST])
        for writer in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(layout.names()) == 30
