"""A notebook that a stranger wrote, read and run by the command line."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from dockernb.cli.app import commands
from dockernb.cli.settings import Settings
from dockernb.dockerfile.magics import split_magics
from dockernb.errors import DockernbError
from dockernb.ui.card_model import from_card_json


class Told:
    """What a session would be told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, object]] = []

    def set_context(self, root: Path) -> None:
        self.said.append(("context", root))

    def set_build_arg(self, name: str, value: str | None) -> None:
        self.said.append((name, value))

    def set_secret(self, secret_id: str, content: bytes) -> None:
        self.said.append((secret_id, content))

    def set_flags(self, words: Sequence[str]) -> None:
        self.said.append(("flags", words))


def apply(folder: Path, line: str) -> tuple[str | None, list[tuple[str, object]]]:
    told = Told()
    (magic,) = split_magics(line)[0]
    return Settings(folder).apply(magic, told), told.said


def test_what_a_notebook_takes_from_outside_its_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "notebook", tmp_path / "home"
    (folder / "inside").mkdir(parents=True)
    home.mkdir()
    for path in (folder / "key", home / "key"):
        path.write_bytes(b"secret")
    (folder / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TOKEN", "secret")
    agent = tmp_path / "agent"
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("agent")
    outside = f"{home}, outside the notebook's folder"
    key = f"%secret reads {home}/key, outside the notebook's folder"
    for line, note in {
        "%context inside": None,
        "%context inside/../inside": None,
        "%context ../home": f"%context reads {outside}",
        "%context ~": f"%context reads {outside}",
        "%context link": f"%context reads {outside}",
        "%secret id=k,src=key": None,
        "%secret id=k,src=link/key": key,
        "%secret id=k,src=~/key": key,
        "%secret id=k,env=TOKEN": "%secret takes the variable TOKEN of the environment",
        "%secret TOKEN": "%secret takes the variable TOKEN of the environment",
        "%build --build-context a=inside": None,
        "%build --build-context a=docker-image://busybox": None,
        "%build --build-context a=../home": f"%build reads {outside}",
        f"%build --ssh default={agent}": f"%build gives RUN your ssh agent at {agent}",
        "%build --ulimit nofile=5": None,
    }.items():
        said, told = apply(folder, line)
        assert (line, said) == (line, note)
        assert len(told) == 1


@pytest.mark.parametrize(
    "line",
    [
        "%context ~nobodyhere/x",
        "%context /nothing",
        "%secret id=k,src=/dev/zero",
        "%secret id=k,src=/nothing",
        "%secret id=k,src=~nobodyhere/x",
        '%context "',
        "%context \\",
        "%build --ssh \x00",
    ],
)
def test_magics_that_make_no_sense_are_errors(tmp_path: Path, line: str) -> None:
    with pytest.raises(DockernbError):
        apply(tmp_path, line)


def test_saved_cards_name_images_by_digest_only() -> None:
    """They are what the engine is asked for when a file of the card is opened."""
    good, other = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    saved = {"status": "built", "snapshot": {"id": good, "parent": other}, "parent_id": other}
    view = from_card_json(saved)
    assert view.snapshot is not None
    assert (view.snapshot.id, view.snapshot.parent, view.parent_id) == (good, other, other)
    for bad in ("debian", "../../containers/x", good + "/../x", good.upper(), "x" * 64, good[:50]):
        view = from_card_json({**saved, "snapshot": {"id": bad, "parent": bad}, "parent_id": bad})
        assert (view.snapshot, view.parent_id) == (None, None)
        view = from_card_json({**saved, "snapshot": {"id": good, "parent": bad}})
        assert view.snapshot is not None
        assert view.snapshot.parent is None


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", '{"cells": 5}', '{"cells": [5], "nbformat": 4}', "\x00",
        "[" * 99_999,
        '{"cells": [{"cell_type": "code", "source": {"a": 1}}], "nbformat": 4}',
        '{"cells": [], "nbformat": 1e400}', '{"cells": [], "nbformat": -3}',
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["export", "history", "lint"])
def test_a_notebook_that_is_none_is_an_error_of_ours(
    tmp_path: Path, command: str, text: str
) -> None:
    """Of one line, without a traceback; or nothing is wrong with it."""
    path = tmp_path / "\x1b[2Jn.ipynb"
    path.write_text(text)
    done = CliRunner().invoke(commands, [command, str(path)])
    assert done.exit_code in {0, 1, 2}
    assert "Traceback" not in done.output
    assert "InternalError" not in done.output
    assert "\x1b[2J" not in done.output


def test_history_of_hostile_cards_is_text(tmp_path: Path) -> None:
    card = {
        "version": 1, "status": "built", "instruction": "RUN",
        "source": "\x1b]0;t\x07\x1b[2J\u202e",
        "snapshot": {"id": "\x1b[2J"}, "cache": {"status": "hit", "reason": "\x9b2J"},
    }  # fmt: skip
    output = {"output_type": "display_data", "metadata": {}}
    output["data"] = {"application/vnd.dockernb.card+json": card}
    cell = {"cell_type": "code", "id": "a", "source": "RUN x", "metadata": {}, "outputs": [output]}
    notebook = {"cells": [{**cell, "execution_count": 1}], "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({**notebook, "metadata": {}}))
    done = CliRunner().invoke(commands, ["history", str(path)])
    assert done.exit_code == 0, done.output
    assert done.output.isascii()
    assert done.output.replace("\n", "").isprintable()
