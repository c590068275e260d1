"""The testbed is what it says: a modern builder, base images, a registry, a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.testbed import api, nosync
from tests.testbed.process import is_alive
from tests.testbed.reference import ReferenceBuildFailed, buildx_build, docker_cli


def image_config(docker_host: str, name: str) -> dict[str, Any]:
    config: dict[str, Any] = api.get(urlsplit(docker_host).path, f"/images/{name}/json")["Config"]
    return config


def test_a_program_without_sync_is_answered_at_once_and_lacks_nothing_else(tmp_path: Path) -> None:
    # A pipe cannot be brought to a disk, which is said by whoever tries.
    look = "import os; os.fsync(os.pipe()[0]); open('f', 'w').write('there')"
    command = [sys.executable, nosync.__file__, sys.executable, "-c", look]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "f").read_text() == "there"


def test_base_images_have_the_config_of_the_real_ones(docker_host: str) -> None:
    assert image_config(docker_host, "debian:bookworm-slim")["Cmd"] == ["bash"]
    assert image_config(docker_host, "busybox:latest")["Cmd"] == ["sh"]
    assert image_config(docker_host, "busybox:latest")["Env"][0].startswith("PATH=")


def test_an_image_without_config_has_neither_command_nor_path(docker_host: str) -> None:
    config = image_config(docker_host, "busybox:noconfig")
    assert not config.get("Cmd")
    assert not config.get("Env")


def test_reference_builder_knows_modern_syntax(docker_root: Path, tmp_path: Path) -> None:
    (tmp_path / "greeting.txt").write_text("hello")
    (tmp_path / "token").write_text("a secret")
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(
        "FROM busybox:latest AS wanted\n"
        "ARG WHO\n"
        "COPY --link greeting.txt /\n"
        "RUN --mount=type=secret,id=token wc -c /run/secrets/token\n"
        "RUN <<EOF\n"
        'echo "$(cat /greeting.txt) $WHO" > /out\n'
        "EOF\n"
        "FROM wanted\n"
        "RUN exit 9\n"
    )
    built = buildx_build(
        tmp_path,
        dockerfile,
        tag="dockernb-testbed:reference",
        build_args={"WHO": "reader"},
        secrets={"token": tmp_path / "token"},
        target="wanted",
    )
    assert docker_cli("run", "--rm", built.image_id, "cat", "/out") == "hello reader\n"
    docker_cli("rmi", "dockernb-testbed:reference")


def test_reference_builder_raises_with_the_output(docker_root: Path, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM busybox:latest\nRUN echo of {tmp_path} && exit 9\n")
    with pytest.raises(ReferenceBuildFailed, match="exit code: 9") as failure:
        buildx_build(tmp_path, dockerfile, tag="dockernb-testbed:never")
    assert f"of {tmp_path}" in failure.value.output
    # Other builds may be under way in there; of this one nothing is left.
    left = (docker_root / "tmp").glob("build-*/Dockerfile")
    assert not [path for path in left if str(tmp_path) in path.read_text()]


@pytest.mark.slow
def test_a_container_installs_from_the_mirror(docker_root: Path, tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(
        "FROM debian:bookworm-slim\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends redis-server\n"
    )
    built = buildx_build(tmp_path, dockerfile, tag="dockernb-testbed:redis")
    assert "Redis server v=" in docker_cli("run", "--rm", built.image_id, "redis-server", "-v")
    docker_cli("rmi", "dockernb-testbed:redis")


def test_daemon_pulls_from_the_registry(docker_root: Path, registry: str) -> None:
    name = f"{registry}/busybox:latest"
    docker_cli("pull", name)
    assert docker_cli("run", "--rm", name, "echo", "pulled") == "pulled\n"
    docker_cli("rmi", name)


def test_registry_with_password_lets_in_who_knows_it(
    registry_with_password: tuple[str, str, str],
) -> None:
    host, user, password = registry_with_password
    request = urllib.request.Request(f"http://{host}/v2/")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 401
    request.add_header(
        "Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    )
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def test_chromium_takes_a_screenshot(chromium: str, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={tmp_path}/profile", f"--screenshot={picture}"]
    subprocess.run(
        [*command, "data:text/html,<h1>here"], check=True, capture_output=True, timeout=120
    )
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_process_that_becomes_another_one_counts_as_alive(tmp_path: Path) -> None:
    """Its command line is empty for a moment then, as that of a process that has ended."""
    often = 'n=$1; [ "$n" -gt 0 ] || exec cat; exec sh "$0" $((n - 1))'
    (tmp_path / "often.sh").write_text(often)
    with subprocess.Popen(["sh", tmp_path / "often.sh", "300"], stdin=subprocess.PIPE) as process:
        while Path(f"/proc/{process.pid}/comm").read_text() != "cat\n":
            assert is_alive(process.pid)
        assert process.stdin is not None
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(process.pid)
