"""Keys in files, held by an ssh agent of our own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dockernb.build.ssh_keys import KeyAgents
from dockernb.errors import BuildError


def make_key(path: Path, passphrase: str = "") -> str:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", path.name, "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return str(path)


def held(socket: str) -> str:
    asked = subprocess.run(
        ["ssh-add", "-L"],
        env={**os.environ, "SSH_AUTH_SOCK": socket},
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout


def test_an_agent_holds_the_keys_until_the_end(tmp_path: Path) -> None:
    keys = (make_key(tmp_path / "one"), make_key(tmp_path / "two"))
    agents = KeyAgents()
    try:
        socket = agents.sockets({"default": keys})["default"]
        assert [line.split()[-1] for line in held(socket).splitlines()] == ["one", "two"]
        assert agents.sockets({"other": keys}) == {"other": socket}
    finally:
        agents.close()
    assert not Path(socket).parent.exists()


def test_a_key_with_a_passphrase_is_refused_and_leaves_no_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path / "key", "secret")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(BuildError, match="cannot be used") as caught:
        KeyAgents().sockets({"default": (key,)})
    assert "ssh-add" in (caught.value.hint or "")
    assert not list(tmp_path.glob("dockernb-agent-*"))
