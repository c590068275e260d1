"""Which daemon is used: what Docker's own command line would use."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from dockernb.engines.docker.connection import Endpoint, Tls, endpoints
from dockernb.errors import EngineNotAvailableError


def write_context(folder: Path, name: str, host: str, *, skip_verify: bool = False) -> Path:
    digest = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts/meta" / digest / "meta.json"
    meta.parent.mkdir(parents=True)
    docker = {"Host": host, "SkipTLSVerify": skip_verify}
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": docker}}))
    return folder / "contexts/tls" / digest / "docker"


def test_docker_host_beats_every_context(tmp_path: Path) -> None:
    write_context(tmp_path, "mine", "tcp://context:2375")
    environment = {
        "DOCKER_CONFIG": str(tmp_path),
        "DOCKER_HOST": "tcp://host:2375",
        "DOCKER_CONTEXT": "mine",
    }
    assert endpoints(None, environment) == [Endpoint("tcp://host:2375", "DOCKER_HOST")]
    assert endpoints("unix:///x", environment) == [Endpoint("unix:///x", "given address")]


def test_current_context(tmp_path: Path) -> None:
    write_context(tmp_path, "mine", "ssh://me@there")
    write_context(tmp_path, "other", "unix:///other.sock")
    (tmp_path / "config.json").write_text('{"currentContext": "mine"}')
    environment = {"DOCKER_CONFIG": str(tmp_path)}
    assert endpoints(None, environment) == [Endpoint("ssh://me@there", 'context "mine"')]
    environment["DOCKER_CONTEXT"] = "other"
    assert endpoints(None, environment)[0].socket_path == "/other.sock"
    environment["DOCKER_CONTEXT"] = "default"
    assert endpoints(None, environment)[0].address == "unix:///var/run/docker.sock"


def test_context_with_tls(tmp_path: Path) -> None:
    material = write_context(tmp_path, "mine", "tcp://there:2376")
    material.mkdir(parents=True)
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (material / name).touch()
    environment = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "mine"}
    expected = Tls(material / "ca.pem", material / "cert.pem", material / "key.pem")
    assert endpoints(None, environment)[0].tls == expected


def test_tls_by_environment(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    environment = {
        "DOCKER_HOST": "tcp://there:2376",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path),
    }
    assert endpoints(None, environment)[0].tls == Tls(tmp_path / "ca.pem")
    del environment["DOCKER_TLS_VERIFY"]
    assert endpoints(None, environment)[0].tls == Tls(tmp_path / "ca.pem", verify=False)


def test_unknown_context_is_named(tmp_path: Path) -> None:
    environment = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "gone"}
    with pytest.raises(EngineNotAvailableError, match='"gone" does not exist'):
        endpoints(None, environment)


def test_broken_config_is_no_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    assert endpoints(None, {"DOCKER_CONFIG": str(tmp_path)})[0].source == "usual socket"
