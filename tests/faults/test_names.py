"""File names of all bytes: through RUN and COPY, into diffs, cards and archives."""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from pathlib import Path

import nbformat
import pytest

from dockernb.build.result import StepResult
from dockernb.look.snapshot_files import SnapshotFiles
from dockernb.ui.card_json import card_json
from dockernb.ui.card_view import view_of
from dockernb.ui.html import card_html
from dockernb.ui.saved_card import from_card_json
from dockernb.ui.text import card_text
from tests.faults.notebooks import Notebooks

#: 254 bytes, which is nearly as long as a name may be: all but NUL and "/".
ALL = bytes(byte for byte in range(1, 256) if byte != ord("/"))
NAMES = [
    ALL,
    ALL[::-1],
    b"two\nlines",
    b"\n",
    b" ",
    b"~",
    b"\xed\xa0\x80",  # half a surrogate pair, as no UTF-8 writes it
    "\u202ereversed".encode(),
]


def shown(name: bytes) -> str:
    return os.fsdecode(name)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
    return folder


def test_names_of_all_bytes_go_through_everything(
    notebooks: Notebooks, context: Path, tmp_path: Path
) -> None:
    notebook = notebooks.open(context)
    notebook.run("from", f"FROM {notebooks.place.base}")
    (copied,) = notebook.run("copy", "COPY . /copied/")
    (made,) = notebook.run("run", "RUN mkdir /made && cp /copied/* /made/ && rm /copied/*")
    check_diff(copied, "/copied", "A")
    check_diff(made, "/made", "A")
    check_diff(made, "/copied", "D")
    check_card(made)
    notebook.run("stage", f"FROM {notebooks.place.base}\nCOPY --from=0 /made /again")
    engine, image = notebook.session.engine(), notebook.session.image_of()
    files = SnapshotFiles(engine)
    listed = {e.path for e in files.listing(image.image_id, "/again").below("/again")}
    assert {f"/again/{shown(name)}" for name in NAMES} <= listed
    for name in NAMES:
        path = f"/again/{shown(name)}"
        assert files.content(image.image_id, path, 1000).data == name
    engine.tag(image.image_id, "faults-names:1")
    archive = tmp_path / "saved.tar"
    with archive.open("wb") as out:
        engine.save(["faults-names:1"], out, "docker", lambda _: None, threading.Event())
    assert set(NAMES) <= names_in(archive)


def check_diff(result: StepResult, folder: str, change: str) -> None:
    found = {e.path: e for e in result.diff.entries if e.change == change}
    for name in NAMES:
        entry = found[f"{folder}/{shown(name)}"]
        assert entry.type == "file" or change == "D"
        assert entry.size == (0 if change == "D" else len(name))


def check_card(result: StepResult) -> None:
    """It can be sent and saved, and shows each path on one line, with nothing that acts."""
    data = json.loads(json.dumps(card_json(result), ensure_ascii=False).encode("utf-8"))
    assert len(data["diff"]["entries"]) == len(result.diff.entries)
    restored = [entry.path for entry in from_card_json(data).diff.entries]
    assert restored == [encodable(entry.path) for entry in result.diff.entries]
    output = nbformat.v4.new_output("display_data", {"application/json": data})
    nbformat.validate(output, "output", version=4)
    view = view_of(result)
    card_html(view).encode("utf-8")
    text = card_text(view, paths=100)
    assert all(char == "\n" or char.isprintable() for char in text)
    assert len([line for line in text.split("\n") if "two" in line]) in {1, 2}


def encodable(path: str) -> str:
    """Bytes that are no UTF-8 as a reader sees them: a notebook can hold no others."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def names_in(archive: Path) -> set[bytes]:
    """Last names of all files in all layers of an archive of `docker save`."""
    found = set()
    with tarfile.open(archive) as outer:
        manifest = json.loads(read(outer, "manifest.json"))
        for layer in manifest[0]["Layers"]:
            data = io.BytesIO(read(outer, layer))
            with tarfile.open(fileobj=data, errors="surrogateescape") as tar:
                found |= {os.fsencode(member.name).rpartition(b"/")[2] for member in tar}
    return found


def read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()
