"""Addresses of a daemon, as Docker's command line takes them, and the ways to them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from dockernb.engines.docker.connection import Endpoint, Tls, endpoints
from dockernb.engines.docker.dial import dialer
from dockernb.engines.docker.errors import not_available
from dockernb.engines.docker.ssh import SshError, dial_ssh, ssh_command
from dockernb.errors import EngineNotAvailableError


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ssh://there", ["--", "there", "docker"]),
        ("ssh://there/", ["--", "there", "docker"]),
        (
            "ssh://me@Build.Host:2222",
            ["-l", "me", "-p", "2222", "--", "Build.Host", "docker"],
        ),
        (
            "ssh://me@[fe80::1]/run/my docker.sock",
            [*["-l", "me", "--", "fe80::1", "docker", "--host"], "'unix:///run/my docker.sock'"],
        ),
    ],
)
def test_ssh_runs_dockers_own_command_there(address: str, words: list[str]) -> None:
    command = ssh_command(address)
    assert command[0] == "ssh"
    assert "BatchMode=yes" in command
    assert command[command.index("-T") + 1 :] == [*words, "system", "dial-stdio"]


@pytest.mark.parametrize("address", ["ssh://", "ssh://me:pass@there", "ssh://there?x", "ssh://a#b"])
def test_an_address_that_ssh_cannot_take_is_refused(address: str) -> None:
    with pytest.raises(EngineNotAvailableError) as caught:
        ssh_command(address)
    assert f'"{address}"' in caught.value.message
    assert caught.value.hint


def test_a_host_that_looks_like_an_option_is_none() -> None:
    command = ssh_command("ssh://-oProxyCommand=x")
    assert command.index("--") < command.index("-oProxyCommand=x")


def test_what_ssh_says_is_the_reason() -> None:
    connection = dial_ssh(["sh", "-c", "echo no key fits >&2; exit 255"], 5)
    with (
        pytest.raises(SshError, match="no key fits"),
        connection,
        connection.makefile("rb") as file,
    ):
        file.read(1)


def test_a_connection_that_ssh_loses_later_is_told_from_an_end() -> None:
    lost = dial_ssh(["sh", "-c", "echo 1; echo closed by there >&2; exit 255"], 5)
    with lost, lost.makefile("rb") as file, pytest.raises(SshError, match="closed by there"):
        file.read()
    ended = dial_ssh(["sh", "-c", "echo 1; echo a warning >&2"], 5)
    with ended, ended.makefile("rb") as file:
        assert file.read() == b"1\n"


def test_ssh_ends_with_its_connection() -> None:
    connection = dial_ssh(["sh", "-c", "echo $$; exec sleep 600"], 5)
    file = connection.makefile("rb")
    pid = int(file.readline())
    connection.close()
    assert Path(f"/proc/{pid}").exists()  # the file is still open
    file.close()
    assert not Path(f"/proc/{pid}").exists()


def test_no_ssh_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError):
        dial_ssh(["ssh", "there"], 5)


def test_an_address_without_a_scheme_is_tcp() -> None:
    assert endpoints(None, {"DOCKER_HOST": "there:1234"})[0].address == "tcp://there:1234"


@pytest.mark.parametrize("address", ["tcp://", "tcp://there:x", "ftp://there", "there"])
def test_an_address_that_makes_no_sense_is_refused(address: str) -> None:
    with pytest.raises(EngineNotAvailableError, match="no address of a Docker daemon"):
        dialer(Endpoint(address, "DOCKER_HOST"))


def test_the_way_says_who_named_the_address_and_what_is_not_checked(tmp_path: Path) -> None:
    environment = {"DOCKER_HOST": "tcp://there", "DOCKER_TLS": "1", "DOCKER_CONFIG": str(tmp_path)}
    found = endpoints(None, environment)[0]
    assert found.tls == Tls(verify=False)
    assert found.way == "TLS, the daemon's certificate is not checked, DOCKER_HOST"


def test_words_of_openssl_come_without_places_in_its_source() -> None:
    error = ssl.SSLError(1, "[SSL: UNKNOWN] unknown ca (_ssl.c:1006)")
    shown = not_available(Endpoint("tcp://there", "DOCKER_HOST", Tls()), Exception(error))
    assert shown.rule == "unknown ca"
