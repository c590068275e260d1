"""Several processes at one layout, some of which are killed."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from dockernb.errors import OciError
from dockernb.oci.archives import load
from dockernb.oci.digest import sha256_digest
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_MANIFEST, Descriptor

from .archive_files import docker_members, files_in, tar_of
from .test_layout import is_free

BEGIN = """
import sys
from pathlib import Path
from dockernb.oci.layout import ImageLayout
from dockernb.oci.manifest import OCI_MANIFEST, Descriptor
layout = ImageLayout(Path(sys.argv[1]))

def ready():
    print("ready", flush=True)
    sys.stdin.readline()

def stored(data):
    return Descriptor(OCI_MANIFEST, layout.put_bytes(data), len(data))
"""
WRITE = "with layout.new_blob() as blob:\n blob.write(bytes(3_000_000))\n ready()\n blob.commit()"
FOLDER = "with layout.temporary_folder() as folder:\n (folder / 'part').write_bytes(b'1')\n ready()"
LOCK = "with layout.lock(shared={shared}):\n ready()"
RENAME = """
manifest = stored(b"manifest")
layout.set_name("kept", manifest)
print("ready", flush=True)
while True:
    layout.set_name("changing", manifest)
    layout.remove_name("changing")
"""
LOAD = """
from dockernb.oci.archives import load
print("ready", flush=True)
load(sys.stdin.buffer, layout)
"""
NAME = """
ready()
for number in range(10):
    layout.set_name(f"{sys.argv[2]}-{number}", stored(b"the same"))
"""


@contextmanager
def process(
    folder: Path, body: str, *arguments: str, wait: bool = True
) -> Iterator[subprocess.Popen[str]]:
    """A process at the layout that has said that it is ready; killed at the end."""
    command = [sys.executable, "-c", BEGIN + body, str(folder), *arguments]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    with child:
        try:
            if wait:
                wait_until_ready(child)
            yield child
        finally:
            child.kill()


def wait_until_ready(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"


def go_on(child: subprocess.Popen[str]) -> int:
    child.communicate("\n")
    return child.returncode


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "images")


@pytest.mark.parametrize("body", [WRITE, FOLDER])
def test_a_living_writer_keeps_its_files(layout: ImageLayout, body: str) -> None:
    with process(layout.folder, body) as writer:
        assert layout.stray_files() == ()
        assert layout.clean_tmp() == 0
        assert go_on(writer) == 0
    if body == WRITE:
        assert layout.has_blob(sha256_digest(bytes(3_000_000)))
    assert list((layout.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("body", [WRITE, FOLDER])
def test_a_killed_writer_leaves_nothing_that_cannot_be_cleaned(
    layout: ImageLayout, body: str
) -> None:
    with process(layout.folder, body) as writer:
        writer.kill()
        writer.wait()
    again = ImageLayout(layout.folder)
    assert list((layout.folder / "blobs" / "sha256").iterdir()) == []
    assert len(again.stray_files()) == 1
    assert again.clean_tmp() == 1
    assert files_in(again) == []
    assert again.clean_tmp() == 0


def test_a_process_killed_while_it_names_images_leaves_a_whole_index(layout: ImageLayout) -> None:
    for _ in range(5):
        with process(layout.folder, RENAME) as writer:
            writer.kill()
            writer.wait()
        names = ImageLayout(layout.folder).names()
        assert {"kept"} <= set(names) <= {"kept", "changing"}
        assert layout.clean_tmp() <= 1


@pytest.mark.parametrize("shared", [True, False])
def test_a_lock_dies_with_its_owner(layout: ImageLayout, shared: bool) -> None:
    with process(layout.folder, LOCK.format(shared=shared)) as owner:
        assert not is_free(layout, "lock")
        owner.kill()
        owner.wait()
    assert is_free(layout, "lock")


def test_a_lock_is_shared_by_those_who_ask_for_that(layout: ImageLayout) -> None:
    with process(layout.folder, LOCK.format(shared=True)), layout.lock(shared=True):
        assert not is_free(layout, "lock")


def test_processes_that_create_and_name_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with (
        process(folder, NAME, "a", wait=False) as first,
        process(folder, NAME, "b", wait=False) as second,
        process(folder, NAME, "c", wait=False) as third,
    ):
        children = (first, second, third)
        for child in children:
            wait_until_ready(child)
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        assert [child.wait() for child in children] == [0, 0, 0]
    layout = ImageLayout(folder)
    assert set(layout.names()) == {f"{name}-{number}" for name in "abc" for number in range(10)}
    assert files_in(layout) == [f"blobs/sha256/{sha256_digest(b'the same')[7:]}"]


def test_a_load_that_is_killed_leaves_nothing_that_cannot_be_cleaned(layout: ImageLayout) -> None:
    archive = tar_of({**docker_members(), "rest": bytes(3_000_000)})
    with process(layout.folder, LOAD) as loader:
        assert loader.stdin is not None
        # More than a pipe holds: when it is written, most of it has been read.
        loader.stdin.buffer.write(archive[:2_000_000])  # type: ignore[attr-defined]
        assert list((layout.folder / "tmp").glob("*/*"))
        assert layout.clean_tmp() == 0
        loader.kill()
        loader.wait()
    assert layout.clean_tmp() == 1
    assert files_in(layout) == []
    assert len(load(io.BytesIO(archive), layout)) == 1


def test_threads_that_name_at_once_lose_nothing(layout: ImageLayout) -> None:
    def name(thread: int) -> None:
        for number in range(10):
            digest = layout.put_bytes(b"the same")
            layout.set_name(f"{thread}-{number}", Descriptor(OCI_MANIFEST, digest, 8))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(name, range(4)))
    assert len(layout.names()) == 40


def test_a_file_taken_by_a_cleaner_before_it_was_locked_is_made_anew(
    layout: ImageLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    from dockernb.oci import temporary

    lock = fcntl.flock
    cleaned = []

    def late(descriptor: int, operation: int) -> None:
        if not cleaned and operation == fcntl.LOCK_EX:
            cleaned.append(True)
            assert ImageLayout(layout.folder).clean_tmp() == 1
        lock(descriptor, operation)

    monkeypatch.setattr(temporary.fcntl, "flock", late)
    with layout.new_blob() as blob:
        blob.write(b"data")
        digest, _ = blob.commit()
    assert cleaned
    assert layout.read_blob(digest, limit=10) == b"data"


def test_a_blob_of_a_killed_writer_is_not_there(layout: ImageLayout) -> None:
    with process(layout.folder, WRITE) as writer:
        writer.kill()
        writer.wait()
    digest = sha256_digest(bytes(3_000_000))
    assert not layout.has_blob(digest)
    with pytest.raises(OciError, match="is missing"):
        layout.read_blob(digest, limit=10)
