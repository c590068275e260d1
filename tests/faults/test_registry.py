"""A registry that stalls, cuts off, lies or asks to wait, met by FROM on every engine.

What the client itself does with each answer is in tests/unit/oci/registry; the Docker engine's
client is the daemon's own.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.errors import BuildInterruptedError, DockernbError, InternalError
from dockernb.oci.config import ImageConfig
from dockernb.oci.digest import sha256_digest
from dockernb.oci.manifest import OCI_CONFIG, OCI_LAYER_GZIP, OCI_MANIFEST, Descriptor, Manifest
from tests.faults.notebooks import Notebooks
from tests.faults.places import DockerPlace, EmbeddedPlace
from tests.testbed import Layout
from tests.unit.oci.registry.scripted import (
    Answering,
    Handler,
    Reply,
    ScriptedServer,
    failing,
    in_json,
    ranged,
)

NAME = "team/app"
TOKEN = "a-token"


class Image:
    """Busybox in a registry of ours, under the tag "1"."""

    def __init__(self, server: ScriptedServer, mark: str) -> None:
        self.server = server
        tree = (Layout.from_environment().images / "busybox.tar").read_bytes()
        self.layer = gzip.compress(tree, 1)
        config = ImageConfig().with_runtime(labels={"mark": mark})
        self.config = config.with_layers([sha256_digest(tree)]).to_bytes()
        self.manifest = Manifest(
            Descriptor(OCI_CONFIG, sha256_digest(self.config), len(self.config)),
            (Descriptor(OCI_LAYER_GZIP, sha256_digest(self.layer), len(self.layer)),),
        ).to_bytes()

    @property
    def reference(self) -> str:
        return f"{self.server.host}/{NAME}:1"

    def serve(
        self, *, manifest: tuple[Answering, ...] = (), layer: tuple[Answering, ...] = ()
    ) -> None:
        """Serves it, after the given answers; all of it only to who has the token."""
        digest = sha256_digest(self.manifest)
        headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": digest}
        blobs = {sha256_digest(self.config): self.config, sha256_digest(self.layer): self.layer}
        for method in ("GET", "HEAD"):
            on = self.server.on
            on(method, "/v2/", self._to_members(Reply()))
            first = manifest if method == "GET" else ()
            for tag in ("1", digest):
                answers = (*first, Reply(200, self.manifest, headers))
                on(method, f"/v2/{NAME}/manifests/{tag}", *map(self._to_members, answers))
            for name, data in blobs.items():
                first = layer if data == self.layer and method == "GET" else ()
                answers = (*first, ranged(data))
                on(method, f"/v2/{NAME}/blobs/{name}", *map(self._to_members, answers))
        self.server.on("GET", "/token", in_json({"token": TOKEN, "expires_in": 300}))

    def _to_members(self, answer: Answering) -> Answering:
        realm = (
            f'Bearer realm="{self.server.url}/token",service="here",scope="repository:{NAME}:pull"'
        )
        refusal = failing(401, "UNAUTHORIZED", WWW_Authenticate=realm)

        def guarded(handler: Handler) -> None:
            known = handler.headers.get("Authorization") == f"Bearer {TOKEN}"
            (answer if known else refusal)(handler)

        return guarded


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Image]:
    server = ScriptedServer()
    yield Image(server, tmp_path.name)
    server.close()


def test_a_token_is_asked_for_and_a_registry_that_lies_leaves_nothing(
    notebooks: Notebooks, image: Image, tmp_path: Path
) -> None:
    wrong = Reply(200, bytes(len(image.layer)))
    # The one that is asked twice is told twice.
    image.serve(layer=(wrong,) * 12)
    notebook = notebooks.open(tmp_path)
    with pytest.raises(DockernbError) as caught:
        notebook.run("from", f"FROM {image.reference}")
    told(caught.value, image)
    assert notebook.session.engine().find_image(image.reference) is None
    check_store(notebooks.place)
    image.server._script.clear()
    image.serve()
    assert notebook.run("from")[0].status == "built"
    assert notebook.run("run", "RUN echo works")[0].log.text == "works\n"
    assert image.server.requests("GET", "/token")


def told(error: DockernbError, image: Image) -> None:
    assert not isinstance(error, InternalError)
    said = error.format_message()
    assert image.server.host in said or "sha256:" in said
    assert error.state
    assert "Traceback" not in said


def check_store(place: DockerPlace | EmbeddedPlace) -> None:
    if isinstance(place, EmbeddedPlace):
        place.check_images()
        assert list((place.store / "downloads").iterdir()) == []


def test_a_registry_that_stalls_is_left_at_an_interrupt_and_gone_on_with(
    notebooks: Notebooks, image: Image, tmp_path: Path
) -> None:
    cancel = threading.Event()

    def stall(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(image.layer)))
        handler.end_headers()
        handler.wfile.write(image.layer[:1000])
        cancel.set()
        handler.scripted.released.wait()
        handler.close_connection = True

    image.serve(layer=(stall,))
    notebook = notebooks.open(tmp_path)
    notebook.cancel = cancel
    with pytest.raises(BuildInterruptedError):
        notebook.run("from", f"FROM {image.reference}")
    notebook.cancel = threading.Event()
    assert notebook.run("from")[0].status == "built"
    assert notebook.run("run", "RUN echo works")[0].log.text == "works\n"


def test_a_busy_registry_is_waited_for_or_told_of(
    notebooks: Notebooks, image: Image, tmp_path: Path
) -> None:
    """Retry-After is obeyed by our own client; the daemon does not wait, and says why it failed."""
    image.serve(manifest=(failing(429, "TOOMANYREQUESTS", Retry_After="1"),))
    notebook = notebooks.open(tmp_path)
    if isinstance(notebooks.place, EmbeddedPlace):
        assert notebook.run("from", f"FROM {image.reference}")[0].status == "built"
        return
    image.server._script["HEAD", f"/v2/{NAME}/manifests/1"] = [failing(429, "TOOMANYREQUESTS")]
    with pytest.raises(DockernbError) as caught:
        notebook.run("from", f"FROM {image.reference}")
    told(caught.value, image)
    assert "toomanyrequests" in caught.value.format_message().lower()


def test_a_layer_that_is_cut_off_is_gone_on_with(
    notebooks: Notebooks, image: Image, tmp_path: Path
) -> None:
    image.serve(layer=(Reply(200, image.layer, cut=1000),))
    notebook = notebooks.open(tmp_path)
    assert notebook.run("from", f"FROM {image.reference}")[0].status == "built"
    path = f"/v2/{NAME}/blobs/{sha256_digest(image.layer)}"
    ranges = [seen.headers.get("Range") for seen in image.server.requests("GET", path)]
    assert "bytes=1000-" in ranges or "bytes=1000-" + str(len(image.layer) - 1) in ranges
