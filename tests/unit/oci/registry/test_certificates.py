from __future__ import annotations

import shutil
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockernb.errors import RegistryError
from dockernb.oci.config import Platform
from dockernb.oci.manifest import Manifest
from dockernb.oci.reference import Reference

from .conftest import MakeClient
from .scripted import Reply, ScriptedServer, descriptor

CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = CERTIFICATES / "authority.crt"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A registry that speaks TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    server = ScriptedServer(context)
    server.on("GET", "/v2/team/app/manifests/1", Reply(200, Manifest(descriptor(b"")).to_bytes()))
    yield server
    server.close()


@pytest.fixture
def folder(tmp_path: Path, image: Reference) -> Path:
    """A certs.d with an empty folder for the registry: it is asked by TLS then."""
    (tmp_path / "certs.d" / image.host).mkdir(parents=True)
    return tmp_path / "certs.d"


def resolve(make_client: MakeClient, image: Reference, folder: Path, **settings: Path) -> None:
    client = make_client(certificate_folders=(folder,), **settings)
    client.resolve(image, Platform(), cancel=threading.Event())


def test_unknown_authority_is_not_trusted(
    server: ScriptedServer, make_client: MakeClient, image: Reference, folder: Path
) -> None:
    with pytest.raises(RegistryError, match="is not trusted") as caught:
        resolve(make_client, image, folder)
    assert f"certs.d/{image.host}/ca.crt" in str(caught.value.hint)
    assert server.seen == []


def test_authority_in_dockers_folder_is_trusted(
    make_client: MakeClient, image: Reference, folder: Path
) -> None:
    shutil.copy(AUTHORITY, folder / image.host / "ca.crt")
    resolve(make_client, image, folder)


def test_authority_of_another_registry_is_not_trusted(
    make_client: MakeClient, image: Reference, folder: Path
) -> None:
    (folder / "other.example").mkdir()
    shutil.copy(AUTHORITY, folder / "other.example" / "ca.crt")
    with pytest.raises(RegistryError, match="is not trusted"):
        resolve(make_client, image, folder)


def test_bundle_of_the_environment_is_trusted(
    make_client: MakeClient, image: Reference, folder: Path
) -> None:
    resolve(make_client, image, folder, ca_bundle=AUTHORITY)


def test_missing_bundle_is_named(make_client: MakeClient, image: Reference, folder: Path) -> None:
    with pytest.raises(RegistryError, match="does not exist") as caught:
        resolve(make_client, image, folder, ca_bundle=folder / "missing.pem")
    assert "SSL_CERT_FILE" in str(caught.value.rule)


@pytest.mark.parametrize("text", ["", "nonsense"])
def test_file_without_a_certificate_is_named(
    make_client: MakeClient, image: Reference, folder: Path, text: str
) -> None:
    file = folder / image.host / "ca.crt"
    file.write_text(text)
    with pytest.raises(RegistryError, match=str(file)):
        resolve(make_client, image, folder)


@pytest.mark.parametrize("ca_bundle", ["", "nonsense"])
def test_bundle_without_a_certificate_is_named(
    make_client: MakeClient, image: Reference, folder: Path, ca_bundle: str
) -> None:
    file = folder / "bundle.pem"
    file.write_text(ca_bundle)
    with pytest.raises(RegistryError, match=str(file)):
        resolve(make_client, image, folder, ca_bundle=file)


def test_registry_without_tls_is_told(
    elsewhere: ScriptedServer, make_client: MakeClient, folder: Path
) -> None:
    image = Reference.parse(f"{elsewhere.host}/app")
    (folder / elsewhere.host).mkdir()
    with pytest.raises(RegistryError, match="does not speak TLS") as caught:
        resolve(make_client, image, folder)
    assert "DOCKERNB_INSECURE_REGISTRIES" in str(caught.value.hint)
