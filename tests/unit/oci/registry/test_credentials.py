from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from dockernb.errors import RegistryError
from dockernb.oci.registry import Credential, DockerCredentials

HUB = "https://index.docker.io/v1/"
SECRET = "correct horse: battery"


def auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def find(folder: Path, config: object, host: str = "reg.example:5000") -> Credential | None:
    text = config if isinstance(config, str) else json.dumps(config)
    (folder / "config.json").write_text(text)
    return DockerCredentials(folder, helper_timeout=20).find(host)


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a real program `docker-credential-NAME` with this shell text on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs), prepend=":")

    def make(text: str, name: str = "test") -> Path:
        program = programs / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
        return program

    return make


@pytest.mark.parametrize(
    ("entry", "credential"),
    [
        (auth(f"ann:{SECRET}"), Credential("ann", SECRET)),
        (auth("ann:pass\0\0"), Credential("ann", "pass")),
        (auth("ann:"), Credential("ann", "")),
        ({"username": "ann", "password": "pass"}, Credential("ann", "pass")),
        (
            {**auth("<token>:x"), "identitytoken": "refresh"},
            Credential(identity_token="refresh"),
        ),
        ({}, None),
        ({"auth": ""}, None),
        ([], None),
    ],
)
def test_login_is_read_from_the_file(
    tmp_path: Path, entry: object, credential: Credential | None
) -> None:
    assert find(tmp_path, {"auths": {"reg.example:5000": entry}}) == credential


@pytest.mark.parametrize(
    ("key", "host", "is_found"),
    [
        (HUB, "docker.io", True),
        ("docker.io", "docker.io", False),
        ("reg.example", "reg.example", True),
        ("https://reg.example/v1/", "reg.example", True),
        ("http://reg.example", "reg.example", True),
        ("reg.example", "reg.example:5000", False),
        ("reg.example.evil", "reg.example", False),
    ],
)
def test_login_is_found_by_host(tmp_path: Path, key: str, host: str, is_found: bool) -> None:
    found = find(tmp_path, {"auths": {key: auth("ann:pass")}}, host)
    assert found == (Credential("ann", "pass") if is_found else None)


def test_without_a_file_there_is_no_login(tmp_path: Path) -> None:
    assert DockerCredentials(tmp_path / "missing").find("reg.example") is None


@pytest.mark.parametrize("variable", ["DOCKER_CONFIG", "HOME"])
def test_file_is_where_docker_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    folder = tmp_path if variable == "DOCKER_CONFIG" else tmp_path / ".docker"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv(variable, str(tmp_path))
    (folder / "config.json").write_text(json.dumps({"auths": {"r.example": auth("ann:pass")}}))
    assert DockerCredentials().find("r.example") == Credential("ann", "pass")


@pytest.mark.parametrize(
    "config",
    [
        "{",
        "[]",
        '"' + SECRET,
        "[" * 100_000,
        {"auths": {"reg.example:5000": {"auth": "no base64, " + SECRET}}},
        {"auths": {"reg.example:5000": auth(SECRET.replace(":", ""))}},
        {"auths": {"reg.example:5000": {"auth": base64.b64encode(b"\xff:\xff").decode()}}},
    ],
)
def test_file_that_cannot_be_used_is_named_without_its_secrets(
    tmp_path: Path, config: object
) -> None:
    with pytest.raises(RegistryError, match=r"config\.json") as caught:
        find(tmp_path, config)
    assert "battery" not in caught.value.format_message()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("config", [{"auths": 5}, {"auths": None}, {"credHelpers": []}, {}])
def test_file_without_logins_has_none(tmp_path: Path, config: object) -> None:
    assert find(tmp_path, config) is None


def test_helper_is_asked_for_the_host(tmp_path: Path, helper) -> None:
    helper(
        f"""test "$1" = get || exit 3
        printf '{{"ServerURL": "x", "Username": "%s", "Secret": "{SECRET}"}}' "$(cat)" """
    )
    assert find(tmp_path, {"credsStore": "test"}) == Credential("reg.example:5000", SECRET)
    assert find(tmp_path, {"credsStore": "test"}, "docker.io") == Credential(HUB, SECRET)


def test_helpers_token_is_an_identity_token(tmp_path: Path, helper) -> None:
    helper("""echo '{"Username": "<token>", "Secret": "refresh"}'""")
    assert find(tmp_path, {"credsStore": "test"}) == Credential(identity_token="refresh")


def test_helper_of_the_host_goes_before_the_general_one(tmp_path: Path, helper) -> None:
    helper("""echo '{"Username": "own", "Secret": "s"}'""", "own")
    helper("""echo '{"Username": "general", "Secret": "s"}'""", "general")
    config = {"credHelpers": {"reg.example:5000": "own"}, "credsStore": "general"}
    assert find(tmp_path, config) == Credential("own", "s")
    assert find(tmp_path, config, "other.example") == Credential("general", "s")


def test_helper_without_credentials_means_no_login(tmp_path: Path, helper) -> None:
    helper("echo 'credentials not found in native keychain'; exit 1")
    assert find(tmp_path, {"credsStore": "test"}) is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"echo 'locked {SECRET}'; exit 1", "code 1"),
        (f"echo '{SECRET}'", "not what helpers answer"),
        ("echo '[]'", "not what helpers answer"),
        ("""echo '{"Username": 5, "Secret": "x"}'""", "not what helpers answer"),
        ("kill -9 $$", "code -9"),
    ],
)
def test_helper_that_fails_is_named_without_its_output(
    tmp_path: Path, helper, text: str, rule: str
) -> None:
    helper(text)
    with pytest.raises(RegistryError, match="docker-credential-test") as caught:
        find(tmp_path, {"credsStore": "test"})
    assert rule in str(caught.value.rule)
    assert "battery" not in caught.value.format_message()


def test_helper_that_hangs_is_ended(tmp_path: Path, helper) -> None:
    helper("exec sleep 600")
    (tmp_path / "config.json").write_text('{"credsStore": "test"}')
    with pytest.raises(RegistryError, match="docker-credential-test") as caught:
        DockerCredentials(tmp_path, helper_timeout=0.2).find("reg.example")
    assert caught.value.rule == "No answer within 0.2 s."


def test_missing_helper_is_named(tmp_path: Path, helper) -> None:
    with pytest.raises(RegistryError, match="docker-credential-absent") as caught:
        find(tmp_path, {"credsStore": "absent"})
    assert "config.json" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["../evil", "a/b", "a b", "-x", "a\n"])
def test_helpers_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(RegistryError, match="credential helper"):
        find(tmp_path, {"credsStore": name})
