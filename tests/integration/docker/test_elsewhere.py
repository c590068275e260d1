"""Docker behind TLS and ssh: the standby, large files, and errors that say what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from dockernb.engines.docker import DockerEngine, connect
from dockernb.errors import EngineNotAvailableError
from tests.conformance.bench import run, shell, tar_of
from tests.conformance.conftest import connected
from tests.integration.docker.always_prepared import wait_until_settled
from tests.testbed import tls
from tests.testbed.process import is_alive
from tests.testbed.process import run as run_program

pytestmark = pytest.mark.docker

LARGE = os.urandom(1 << 20) * 24


@pytest.fixture(params=["tls", "ssh"])
def far_engine(request: pytest.FixtureRequest) -> Iterator[DockerEngine]:
    with connected(request.getfixturevalue(f"{request.param}_environment")) as engine:
        yield engine


def test_a_container_stands_by_and_a_large_file_goes_up_and_down(far_engine: DockerEngine) -> None:
    base = far_engine.find_image("busybox:noconfig")
    assert base is not None
    spec = shell("echo out; md5sum </large; exit 3")
    far_engine.prepare(base.id, spec)
    assert wait_until_settled(far_engine)
    with far_engine.create(base.id, spec) as container:
        container.write([tar_of([("large", LARGE)])])
        code, output = run(container)
        assert (code, output.splitlines()[0]) == (3, "out")
        assert LARGE in b"".join(container.read("/large"))


def test_tls_without_our_certificate_says_so(
    tls_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", tls_environment["DOCKER_HOST"])
    assert "HTTP request to an HTTPS server" in refusal()
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(tmp_path))
    assert "certificate verify failed" in refusal()
    (tmp_path / "ca.pem").write_bytes(
        Path(tls_environment["DOCKER_CERT_PATH"], "ca.pem").read_bytes()
    )
    text = refusal()
    assert "certificate required" in text
    assert f'"{tmp_path}/ca.pem"' in text
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    assert f'"{tmp_path}/cert.pem"' in refusal()


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(
    docker_root: Path,
    tls_environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name in ("ca.pem", "cert.pem"):
        shutil.copy(Path(tls_environment["DOCKER_CERT_PATH"], name), tmp_path)
    openssl = ["chroot", str(docker_root), "openssl", "pkey", "-in", f"{tls.FOLDER}/key.pem"]
    (tmp_path / "key.pem").write_text(run_program([*openssl, "-aes256", "-passout", "pass:x"]))
    for name, value in (tls_environment | {"DOCKER_CERT_PATH": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    assert "key.pem" in refusal()


def test_ssh_that_would_ask_says_so_at_once(
    ssh_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A host that is not known, then a key that is not let in: nobody is asked, nothing hangs."""
    program = Path(ssh_environment["PATH"].partition(":")[0])
    config = (program / "config").read_text()
    monkeypatch.setenv("DOCKER_HOST", ssh_environment["DOCKER_HOST"])
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "ssh").write_text(
        (program / "ssh").read_text().replace(str(program), str(tmp_path))
    )
    (tmp_path / "ssh").chmod(0o755)
    (tmp_path / "config").write_text(config.replace("known_hosts", "nobody"))
    text = refusal()
    assert "Host key verification failed" in text
    assert "try `ssh -l root -p " in text
    (tmp_path / "config").write_text(config.replace("user_key", "no_such_key"))
    assert "Permission denied" in refusal()


def test_an_address_for_ssh_holds_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://me:secret@there")
    with pytest.raises(EngineNotAvailableError) as caught:
        connect()
    assert "a password cannot be part of it" in caught.value.format_message()


def test_an_interrupt_at_the_terminal_does_not_reach_ssh_and_closing_ends_it(
    ssh_environment: dict[str, str],
) -> None:
    """Ctrl-C goes to every process of a terminal's group; ssh is in none of ours."""
    with connected(ssh_environment) as engine:
        engine.info()
        pids = [pid for pid in Path("/proc").glob("[0-9]*") if parent(pid) == os.getpid()]
        ours = [int(pid.name) for pid in pids if (pid / "comm").read_text() == "ssh\n"]
        assert ours
        assert os.getpgrp() not in {os.getpgid(pid) for pid in ours}
    assert not [pid for pid in ours if is_alive(pid)]


def parent(process: Path) -> int | None:
    with suppress(OSError):
        return int((process / "stat").read_text().rpartition(") ")[2].split()[1])
    return None


def refusal() -> str:
    with pytest.raises(EngineNotAvailableError) as caught:
        connect()
    assert "doctor" in caught.value.format_message()
    return caught.value.format_message()
