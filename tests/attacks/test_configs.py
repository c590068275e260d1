"""Image configs that lie: an error of one line, never a crash, a path or a changed meaning."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dockernb.errors import OciError
from dockernb.oci.config import ImageConfig, RuntimeConfig

DEEP: Any = 1
for _ in range(500):
    DEEP = [DEEP]
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    "config",
    [
        [],
        None,
        "config",
        {"config": []},
        {"config": {"Env": [1]}},
        {"config": {"Env": {"A": "b"}}},
        {"config": {"Cmd": {"a": 1}}},
        {"config": {"Cmd": [["sh"]]}},
        {"config": {"Entrypoint": 5}},
        {"config": {"User": 0.5}},
        {"config": {"WorkingDir": ["/"]}},
        {"config": {"Labels": ["a"]}},
        {"config": {"Labels": {"a": {"b": 1}}}},
        {"config": {"ExposedPorts": "80"}},
        {"config": {"Volumes": 1}},
        {"config": {"OnBuild": [{"RUN": "evil"}]}},
        {"config": {"Healthcheck": "CMD true"}},
        {"config": {"Healthcheck": {"Test": "x", "Interval": 1e400}}},
        {"config": {"Healthcheck": {"Retries": 10**40}}},
        {"config": {"Healthcheck": {"Retries": True}}},
        {"config": {"Mystery": DEEP}},
        {"config": {"User": "\ud800"}},
        {"history": {"created": "x"}},
        {"history": [[]]},
        {"history": [{"created_by": 5}]},
        {"os": ["linux"]},
        {"rootfs": []},
        {"rootfs": {"diff_ids": "x"}},
        {"rootfs": {"diff_ids": [DIGEST, None]}},
        {"rootfs": {"diff_ids": ["sha256:../../../../etc/cron.d/evil"]}},
        {"rootfs": {"diff_ids": ["/etc/passwd"]}},
        {"rootfs": {"diff_ids": [DIGEST.upper()]}},
        {"rootfs": {"diff_ids": [DIGEST + "\n"]}},
    ],
    ids=lambda config: json.dumps(config)[:60],
)
def test_a_config_that_lies_is_refused(config: Any) -> None:
    with pytest.raises(OciError, match="cannot be read") as caught:
        ImageConfig.from_bytes(json.dumps(config).encode())
    assert len(caught.value.message) < 300
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"os":' * 50_000])
def test_what_is_no_json_is_no_config(data: bytes) -> None:
    with pytest.raises(OciError, match="cannot be read"):
        ImageConfig.from_bytes(data)


def test_a_huge_environment_is_read_and_kept() -> None:
    """It is no lie, only large: what a config may be is bounded where it is fetched."""
    env = [f"VARIABLE_{number}={'x' * 100}" for number in range(10_000)]
    config = ImageConfig.from_bytes(json.dumps({"config": {"Env": env}}).encode())
    assert len(config.runtime.environment) == 10_000
    assert ImageConfig.from_bytes(config.to_bytes()) == config


def test_what_go_writes_for_nothing_is_nothing() -> None:
    names = ("Env", "Cmd", "Entrypoint", "Labels", "Volumes", "ExposedPorts", "Healthcheck", "User")
    data = {"config": dict.fromkeys(names), "history": None, "rootfs": None, "os": None}
    assert ImageConfig.from_bytes(json.dumps(data).encode()).runtime == RuntimeConfig()


def test_a_command_that_is_a_text_is_one_word_as_in_docker() -> None:
    assert RuntimeConfig.from_json({"Cmd": "echo hi"}).cmd == ("echo hi",)
