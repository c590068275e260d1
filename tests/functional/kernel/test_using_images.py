"""Running, trying and giving away what a notebook has built, on both engines."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dockernb.oci.digest import short_id
from dockernb.oci.manifest import Manifest
from tests.conformance.checks_of_launches import answer_of, free_port

from .client import SECONDS, Kernel, Ran, started

RUN = "application/vnd.dockernb.run+json"
_CMD = """CMD mkdir -p /tmp/w; echo page >/tmp/w/index.html; httpd -h /tmp/w -p $PORT; \\
  echo "up as $(whoami): $GREETING"; trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"""


@dataclass
class Place:
    """A kernel with a notebook of two cells that has been run."""

    kernel: Kernel
    folder: Path
    registry: str
    port: int
    engine: str

    def run(self, code: str, cell_id: str = "use", **options: Any) -> Ran:
        ran = self.kernel.run(code, cell_id=cell_id, **options)
        assert ran.reply["status"] == "ok", ran.reply
        return ran


@pytest.fixture(scope="module", params=["docker", "embedded"])
def place(
    request: pytest.FixtureRequest,
    docker_host: str,
    registry: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    folder, port = tmp_path_factory.mktemp("notebook"), free_port()
    environment = {
        "DOCKER_HOST": docker_host,
        "DOCKERNB_HOME": str(tmp_path_factory.mktemp("home")),
        "DOCKERNB_ENGINE": request.param,
    }
    base = "busybox:latest" if request.param == "docker" else f"{registry}/busybox:latest"
    with started("dockernb.kernel", folder, **environment) as kernel:
        place = Place(kernel, folder, registry, port, request.param)
        env = f"ENV PORT={port} GREETING=hello"
        place.run(f"FROM {base} AS web\n{env}\nEXPOSE {port}\nRUN echo one >/one", "base")
        place.run(_CMD, "cmd")
        yield place


def end_of(kernel: Kernel, ran: Ran) -> dict[str, Any]:
    """The last state that is published of a container, before or after its cell's reply."""
    updates = ran.of("update_display_data")
    while True:
        update = updates.pop(0) if updates else kernel.wait_for("update_display_data")
        if update["data"][RUN]["status"] in {"exited", "failed"}:
            return dict(update["data"][RUN])


def test_an_image_runs_while_the_notebook_goes_on(place: Place) -> None:
    port = place.port
    ran = place.run(f"%run -p {port}:{port} -e GREETING=welcome", "web")
    (shown,) = ran.of("display_data")
    saved = shown["data"][RUN]
    assert (saved["name"], saved["status"]) == ("web", "running")
    assert saved["ports"] == [{"host": port, "container": port, "protocol": "tcp"}]
    assert f'href="http://localhost:{port}/"' in shown["data"]["text/html"]
    await_text(place, "%logs web", "up as root: welcome\n")
    assert answer_of(port).endswith(b"page\n")

    # Another one beside it, with other arguments; its cell is run twice.
    place.run("%run --name other /bin/sh -c 'echo \"<b>$1\"; sleep 1000' x second", "other")
    place.run("%run --name other /bin/sh -c 'echo \"<b>$1\"; sleep 1000' x third", "other")
    await_text(place, "%logs other", "<b>third\n")
    refused = place.kernel.run("%run --name web", cell_id="third").reply
    assert refused["evalue"] == 'a container "web" runs already'
    refused = place.kernel.run("%stop", cell_id="third").reply
    assert "web, other" in "\n".join(refused["traceback"])

    assert place.run("%stop web").text == "web: exited, exit code 0\n"
    assert place.run("%logs web").text.endswith("bye\n")
    short = place.run("%run --name short /bin/sh -c 'exit 3'", "short")
    assert end_of(place.kernel, short)["exit_code"] == 3
    follow = place.kernel.send("%logs other -f", cell_id="follow")
    assert place.kernel.wait_for("stream")["text"] == "<b>third\n"
    place.kernel.manager.interrupt_kernel()
    assert place.kernel.collect(follow).reply["status"] == "ok"


def await_text(place: Place, code: str, text: str) -> None:
    deadline = time.monotonic() + SECONDS
    while (found := place.run(code).text) != text:
        assert time.monotonic() < deadline, found


def test_what_cannot_be_run_says_what_to_do(place: Place) -> None:
    for code, said in {
        "%run -p 0.0.0.0:80:80": "would be open to other machines",
        "%run -x": 'unknown option "-x"',
        "%run --of nothing": "is no stage, no snapshot and no image",
        "%stop nobody": 'no container "nobody"',
        "%logs nobody": 'no container "nobody"',
    }.items():
        ran = place.kernel.run(code, cell_id="wrong")
        assert ran.reply["status"] == "error", code
        assert said in ran.reply["evalue"], ran.reply["evalue"]


def test_commands_are_tried_in_a_container_that_is_thrown_away(place: Place) -> None:
    ran = place.run("%%shell\ncat /one; echo $GREETING\necho 2 > /two; rm /one; exit 4", "try")
    assert ran.text.startswith("one\nhello\n")
    assert "[exit code 4] thrown away: 1 added, 0 modified, 1 deleted, 2 B" in ran.text
    assert "  A /two\n" in ran.text
    assert "  D /one\n" in ran.text
    ran = place.run("%%shell --of web\nls /two 2>&1; cat /one; printf end", "try")
    assert "No such file" in ran.text
    assert ran.text.endswith("one\nend\n[exit code 0] no file was changed\n")
    request = place.kernel.send("%%shell\necho started; sleep 1000", cell_id="try")
    assert "started" in place.kernel.wait_for("stream")["text"]
    begun = time.monotonic()
    place.kernel.manager.interrupt_kernel()
    assert place.kernel.collect(request).reply["ename"] == "BuildInterruptedError"
    assert time.monotonic() - begun < 5


def test_an_image_is_named_pushed_and_saved(place: Place, skopeo_program: str) -> None:
    name = f"{place.registry}/dockernb-test-{uuid.uuid4().hex[:8]}:1"
    image_id = place.run(f"%tag {name}").text.split()[-1]
    pushed = place.run(f"%push {name}")
    digest = pushed.text.split()[-1]
    host, _, rest = name.partition("/")
    repository = rest.removesuffix(":1")
    kinds = f"{Manifest.media_type}, application/vnd.docker.distribution.manifest.v2+json"
    request = urllib.request.Request(
        f"http://{host}/v2/{repository}/manifests/{digest}", headers={"Accept": kinds}
    )
    with urllib.request.urlopen(request) as answer:
        assert json.load(answer)["config"]["digest"] == image_id
    last = pushed.of("update_display_data")[-1]["data"]
    # What takes less than a moment has no rate (tests/unit/ui/test_transfer_view.py).
    said = r"pushing .*: \d+ layers?, [\d.]+ [kM]?B(, [\d.]+ [kMG]?B/s)?, [\d.]+ m?s"
    assert re.fullmatch(said, last["text/plain"])
    missing = place.kernel.run("%push nobody/nothing:1", cell_id="use").reply
    assert missing["ename"] == "ImageNotFoundError"

    ran = place.run(f"%save out.tar {name}")
    assert ran.text == f"wrote {place.folder / 'out.tar'}\n"
    config = subprocess.run(
        [skopeo_program, "inspect", "--config", f"docker-archive:{place.folder / 'out.tar'}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "GREETING=hello" in config.stdout
    place.run("%save out.tar")  # this kernel's own file
    (place.folder / "precious").write_text("mine")
    refused = place.kernel.run("%save precious", cell_id="use").reply
    assert refused["evalue"] == '"precious" is there already'
    assert (place.folder / "precious").read_text() == "mine"
    assert [path.name for path in place.folder.glob(".*")] == []
    assert short_id(image_id) in place.run("%history").of("display_data")[0]["data"]["text/plain"]
    if place.engine == "docker":
        place.run(f"%%shell --of {name}\ntrue")


def test_all_are_gone_with_the_kernel(place: Place) -> None:
    """The last test of a kernel: it is shut down."""
    port = free_port()
    serve = f"echo page >/tmp/index.html; httpd -h /tmp -p {port}; echo ready; sleep 1000"
    place.run(f"%run -p {port}:{port} --name last sh -c '{serve}'", "last")
    await_text(place, "%logs last", "ready\n")
    assert answer_of(port)
    place.kernel.client.shutdown()
    deadline = time.monotonic() + SECONDS
    while place.kernel.manager.is_alive():
        assert time.monotonic() < deadline
    with pytest.raises(OSError, match="refused"):
        answer_of(port)
