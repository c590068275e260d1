"""Images of more layers than Docker takes: pulled, and built upon.

What the embedded engine does with them is in tests/functional/embedded/test_many_layers.py.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from dockernb.errors import UnsupportedByEngineError
from dockernb.oci.config import ImageConfig
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor, Manifest
from tests.conformance.bench import tar_of
from tests.faults.daemon import OwnDaemon
from tests.faults.notebooks import notebooks_on
from tests.faults.places import LABEL, DockerPlace
from tests.functional.notebooks import Notebook
from tests.testbed import Layout
from tests.unit.oci.registry.scripted import Reply, ScriptedServer

pytestmark = pytest.mark.docker


def serve(server: ScriptedServer, tag: int, layers: list[bytes]) -> None:
    """An image of these layers, as uncompressed tars."""
    blobs = [gzip.compress(layer, 1) for layer in layers]
    config = ImageConfig().with_layers([sha256_digest(layer) for layer in layers]).to_bytes()
    manifest = Manifest(
        Descriptor(OCI_CONFIG, sha256_digest(config), len(config)),
        tuple(Descriptor(OCI_LAYER_GZIP, sha256_digest(blob), len(blob)) for blob in blobs),
    ).to_bytes()
    digest = sha256_digest(manifest)
    headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest}
    for method in ("GET", "HEAD"):
        server.on(method, "/v2/", Reply())
        for name in (str(tag), digest):
            server.on(method, f"/v2/many/manifests/{name}", Reply(200, manifest, headers))
        for blob in (config, *blobs):
            server.on(method, f"/v2/many/blobs/{sha256_digest(blob)}", Reply(200, blob))


@pytest.fixture
def many(tmp_path: Path) -> Iterator[str]:
    """The repository of an image of 300 layers and one of as many as Docker takes."""
    layers = [(Layout.from_environment().images / "busybox.tar").read_bytes()]
    layers += [tar_of([(f"many/{number}", b"x")]) for number in range(1, 300)]
    server = ScriptedServer()
    for count in (300, 125):
        serve(server, count, layers[:count])
    yield f"{server.host}/many"
    server.close()


@pytest.fixture
def notebook(own_docker: OwnDaemon, tmp_path: Path) -> Iterator[Notebook]:
    client = docker.APIClient(base_url=own_docker.host)
    place = DockerPlace(own_docker.host, tmp_path / "home", client, own_docker.base)
    with notebooks_on(place) as notebooks:
        yield notebooks.open(tmp_path)
    place.tidy()
    client.close()


def test_too_many_layers_are_told_in_words_and_cost_the_step_only(
    notebook: Notebook, many: str
) -> None:
    with pytest.raises(UnsupportedByEngineError) as caught:
        notebook.run("from", f"FROM {many}:300")
    check_told(caught.value)
    (base,) = notebook.run("from", f"FROM {many}:125")
    assert base.snapshot is not None
    for source in ("RUN echo more >/more", "COPY . /copied", "WORKDIR /new"):
        with pytest.raises(UnsupportedByEngineError) as caught:
            notebook.run("more", source)
        check_told(caught.value)
        assert f"snapshot {base.snapshot.short_id} still stands" in (caught.value.state or "")
    (works,) = notebook.run("more", f"LABEL {LABEL}=layers")
    assert works.status == "built"
    notebook.run("other", f"FROM {many}:125 AS other")
    notebook.run("fewer", "FROM busybox:faults")
    (fewer,) = notebook.run("copy", "COPY --from=other /many /many")
    assert len(fewer.diff.entries) == 125


def check_told(error: UnsupportedByEngineError) -> None:
    said = error.format_message()
    assert "too many layers" in said
    assert "It takes 125 in one image" in said
    assert "%engine embedded" in said
    assert "registry" not in said.partition("FROM")[0]
