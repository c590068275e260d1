from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.errors import RegistryError
from dockernb.oci.registry import RegistrySettings
from dockernb.oci.registry.address import mirror_url, registry_url, same_origin

SETTINGS = RegistrySettings(insecure=frozenset({"plain.example", "other.example:5000"}))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("docker.io", "https://registry-1.docker.io"),
        ("ghcr.io", "https://ghcr.io"),
        ("registry.example:5000", "https://registry.example:5000"),
        ("localhost", "http://localhost"),
        ("localhost:5000", "http://localhost:5000"),
        ("localhost:443", "https://localhost:443"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("127.1.2.3", "http://127.1.2.3"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("10.0.0.1:5000", "https://10.0.0.1:5000"),
        ("127.0.0.1.example", "https://127.0.0.1.example"),
        ("localhost.example", "https://localhost.example"),
        ("plain.example", "http://plain.example"),
        ("plain.example:8080", "http://plain.example:8080"),
        ("other.example:5000", "http://other.example:5000"),
        ("other.example:5001", "https://other.example:5001"),
    ],
)
def test_plain_http_is_for_loopback_and_named_registries(host: str, url: str) -> None:
    assert registry_url(host, SETTINGS) == url


def test_loopback_registry_with_certificates_speaks_tls(tmp_path: Path) -> None:
    (tmp_path / "localhost:5000").mkdir()
    settings = RegistrySettings(certificate_folders=(tmp_path,))
    assert registry_url("localhost:5000", settings) == "https://localhost:5000"
    assert registry_url("localhost:5001", settings) == "http://localhost:5001"


def test_port_that_is_none_is_refused() -> None:
    with pytest.raises(RegistryError, match="localhost:99999"):
        registry_url("localhost:99999", SETTINGS)


@pytest.mark.parametrize(
    "url", ["https://mirror.example", "http://127.0.0.1:5000", "http://plain.example:80"]
)
def test_mirror_is_a_url(url: str) -> None:
    assert mirror_url(url, SETTINGS) == url


@pytest.mark.parametrize(
    "url",
    [
        "mirror.example",
        "http://mirror.example",
        "https://user:secret@mirror.example",
        "https://mirror.example/path",
        "https://mirror.example?secret",
        "ftp://mirror.example",
        "https://[::1",
        "https://mirror.example:99999",
        "https://",
    ],
)
def test_mirror_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(RegistryError, match="mirror") as caught:
        mirror_url(url, SETTINGS)
    assert "DOCKERNB_REGISTRY_MIRRORS" in caught.value.format_message()
    assert "secret" not in caught.value.format_message()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example/x", "https://a.example:443/y", True),
        ("https://A.example/", "https://a.example/", True),
        ("https://a.example/", "http://a.example/", False),
        ("https://a.example/", "https://a.example:8443/", False),
        ("https://a.example/", "https://b.a.example/", False),
    ],
)
def test_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    environ = {
        "DOCKERNB_INSECURE_REGISTRIES": " a.example:5000, ,b.example",
        "DOCKERNB_REGISTRY_MIRRORS": "https://m.example/,http://127.0.0.1:1",
        "SSL_CERT_FILE": "/etc/mine.pem",
        "DOCKER_CONFIG": str(tmp_path),
    }
    settings = RegistrySettings.from_environment(environ)
    assert settings.insecure == {"a.example:5000", "b.example"}
    assert settings.mirrors == ("https://m.example", "http://127.0.0.1:1")
    assert settings.ca_bundle == Path("/etc/mine.pem")
    assert settings.certificate_folders == (Path("/etc/docker/certs.d"), tmp_path / "certs.d")


def test_settings_of_an_empty_environment_are_strict() -> None:
    settings = RegistrySettings.from_environment({})
    assert settings.insecure == set()
    assert settings.mirrors == ()
    assert settings.ca_bundle is None
