"""Links of an image, and archives of a context, that lead out of it: on every engine, for real.

What each reader of archives refuses, and in which words, is in tests/attacks and the unit tests.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from dockernb.errors import DockernbError, InternalError
from tests.faults.notebooks import Notebooks
from tests.faults.places import CACHE, LABEL
from tests.functional.notebooks import Notebook
from tests.testbed import Layout

#: Of the folder outside, as an image or archive would have to call it.
WAYS = ("{outside}", "../../../../../../../../../../../..{outside}")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the machine with a file, which nothing may touch."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "kept").write_text("kept")
    return folder


@pytest.fixture
def context(tmp_path: Path, outside: Path) -> Path:
    """A file, an archive that is right, and hostile ones."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "file").write_text("true")
    write(folder / "good.tar", regular("added"))
    for number, way in enumerate(WAYS):
        path = way.format(outside=outside)
        write(folder / f"name{number}.tar", regular(f"{path}/kept"))
        write(folder / f"link{number}.tar", link(tarfile.SYMTYPE, path), regular("l/kept"))
        write(folder / f"hard{number}.tar", link(tarfile.LNKTYPE, f"{path}/kept"), regular("l"))
    return folder


def regular(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = 5
    return info


def link(kind: bytes, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo("l")
    info.type, info.linkname = kind, target
    return info


def write(path: Path, *members: tarfile.TarInfo) -> None:
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"pwned"))


def test_links_and_archives_lead_nobody_out(
    notebooks: Notebooks, context: Path, outside: Path
) -> None:
    notebook = notebooks.open(context)
    first, up = (way.format(outside=outside) for way in WAYS)
    notebook.run("from", f"FROM {notebooks.place.base}\nLABEL {LABEL}={outside.parent.name}")
    made = f"mkdir -p {outside} && ln -s {first} /out && ln -s {up} /up && ln -s {up}/kept /file"
    notebook.run("links", f"RUN {made}")
    cache = f"--mount=type=cache,id={CACHE},target=/out/cache"
    for source in (
        "COPY file /out/copied",
        "COPY file /file",
        "ADD good.tar /up/",
        f"RUN {cache} --mount=target=/up/c --mount=type=tmpfs,target=/up/t cat /up/c/file >/up/ran",
        "WORKDIR /up/made",
    ):
        notebook.run("step", source)
        check(outside)
    (seen,) = notebook.run("seen", f"RUN ls {outside}")
    assert seen.log.text.split() == ["made"]
    refused = set()
    for archive in sorted(context.glob("*[01].tar")):
        error = refusal(notebook, f"ADD {archive.name} /to/")
        if error is not None:
            assert not isinstance(error, InternalError)
            assert "cannot be unpacked" in error.message
            refused.add(archive.stem)
        check(outside)
    assert notebook.run("hostile", "ENV still=works")[0].status == "built"
    assert refused == {"hard0", "hard1", "link0", "link1"}, "names are taken below the destination"


def refusal(notebook: Notebook, source: str) -> DockernbError | None:
    """Why the instruction is refused; None: it is not."""
    try:
        notebook.run("hostile", source)
    except DockernbError as error:
        return error
    return None


def check(outside: Path) -> None:
    assert [path.name for path in outside.iterdir()] == ["kept"]
    assert (outside / "kept").read_text() == "kept"
    daemons = Path(f"{Layout.from_environment().root}{outside}")  # where the daemon has its root
    assert not daemons.exists()
