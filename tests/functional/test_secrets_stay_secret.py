"""After a notebook with secrets, whose commands even print them: they are found nowhere."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import secrets
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import nbformat
import pytest

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.conformance.busybox import busybox_base

CARD = "application/vnd.dockernb.card+json"
CELLS = (
    "FROM busybox:noconfig",
    "RUN --mount=type=secret,id=key cd /run/secrets; cat key; base64 -w0 key; sha256sum key >/sum",
    "RUN --mount=type=secret,id=key,env=KEY echo $KEY; cat /proc/self/environ",
    "ENV AFTER=1",
    "RUN --mount=type=secret,id=key,target=/etc/key,mode=0444 cat /etc/key; exit 3",
)


@pytest.fixture
def secret() -> bytes:
    """Two lines with quotes, blanks and letters beyond ASCII."""
    return f'"{secrets.token_hex(8)}" and é\n{secrets.token_hex(24)}\n'.encode()


def forms(secret: bytes) -> list[bytes]:
    lines = secret.splitlines()
    encoded = [base64.b64encode(text) for text in (secret, secret.rstrip(), *lines)]
    escaped = [json.dumps(line.decode())[1:-1].encode() for line in lines]
    return [*lines, *escaped, *encoded, *(each[:20] for each in encoded)]


def run(tmp_path: Path, secret: bytes, **environment: str) -> int:
    """Runs the notebook with the command line, in a process of this number."""
    (tmp_path / "given").mkdir()
    (tmp_path / "given/key").write_bytes(secret)
    (tmp_path / "searched/tmp").mkdir(parents=True, exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in CELLS])
    notebook.metadata["kernelspec"] = {"name": "dockernb", "display_name": "Dockerfile"}
    nbformat.write(notebook, tmp_path / "given/nb.ipynb")
    words = ["run", "given/nb.ipynb", "-o", "searched/out.ipynb"]
    words.append("--secret=id=key,src=given/key")
    variables = {"DOCKERNB_HOME": "searched/home", "TMPDIR": str(tmp_path / "searched/tmp")}
    with subprocess.Popen(
        [sys.executable, "-m", "dockernb", *words],
        cwd=tmp_path,
        env={**os.environ, **variables, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        printed, _ = process.communicate()
    assert b"exit code 3" in printed, printed.decode()
    assert b"***" in printed, "what it printed was not masked"
    (tmp_path / "searched/printed").write_bytes(printed)
    return process.pid


def below(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            yield str(path), data
            if data[:2] == b"\x1f\x8b":
                yield f"{path} (unpacked)", gzip.decompress(data)


def found(secret: bytes, places: Iterator[tuple[str, bytes]]) -> list[str]:
    looked_for = forms(secret)
    return [f"{place}: {form!r}" for place, data in places for form in looked_for if form in data]


@pytest.mark.embedded
def test_embedded_engine_keeps_no_secret(tmp_path: Path, secret: bytes) -> None:
    home = tmp_path / "searched/home"
    with_base = EmbeddedEngine(home / "store")
    with_base.tag(busybox_base(with_base).id, "busybox:noconfig")
    with_base.close()
    run(tmp_path, secret, DOCKERNB_ENGINE="embedded")
    assert list(home.rglob("*.sqlite3"))
    assert found(secret, below(tmp_path / "searched")) == []


def test_docker_engine_keeps_no_secret(
    tmp_path: Path, secret: bytes, docker_host: str, docker_root: Path
) -> None:
    client = docker.APIClient(base_url=docker_host)
    begin = tmp_path / "begin"
    begin.touch()
    pid = run(tmp_path, secret, DOCKERNB_ENGINE="docker", DOCKER_HOST=docker_host)
    document = json.loads((tmp_path / "searched/out.ipynb").read_text())
    (newest,) = (
        output["data"][CARD]["snapshot"]["id"]
        for output in document["cells"][3]["outputs"]
        if "data" in output
    )
    places = [*below(tmp_path / "searched"), *_image(client, newest), *_daemon(docker_root, begin)]
    assert found(secret, iter(places)) == []
    names = [name for each in client.containers(all=True) for name in each["Names"]]
    names += [each["Name"] for each in client.volumes()["Volumes"] or ()]
    assert not [name for name in names if f"-{pid}-" in name], "something was left behind"
    client.remove_image(newest, force=True)
    client.close()


def _image(client: docker.APIClient, image_id: str) -> Iterator[tuple[str, bytes]]:
    """Config, history and layers."""
    yield "history", json.dumps(client.history(image_id)).encode()
    yield "config", json.dumps(client.inspect_image(image_id)).encode()
    saved = io.BytesIO(b"".join(client.get_image(image_id)))
    with tarfile.open(fileobj=saved) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                yield f"image {member.name}", content.read()


def _daemon(root: Path, begin: Path) -> Iterator[tuple[str, bytes]]:
    """What the daemon wrote since: its files of containers, images, volumes and layers."""
    words = ["find", str(root / "var/lib/docker"), "-xdev", "-type", "f", "-newer", str(begin)]
    listed = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    for name in listed.stdout.decode().splitlines():
        try:
            yield name, Path(name).read_bytes()
        except OSError:
            continue  # removed since
