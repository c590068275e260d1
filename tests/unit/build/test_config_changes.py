"""Which fields of the image config a step changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dockernb.build.config_changes import config_changes
from dockernb.build.result import ConfigChange
from dockernb.oci.config import Healthcheck, HistoryEntry, ImageConfig, RuntimeConfig

BEFORE = ImageConfig(
    runtime=RuntimeConfig(
        env=("PATH=/bin", "A=1"),
        labels={"a": "1"},
        exposed_ports=("80/tcp",),
        cmd=("sh",),
        user="me",
    )
)


def changes(**runtime: object) -> list[tuple[str, object, object]]:
    found = config_changes(BEFORE, BEFORE.with_runtime(**runtime))
    return [(change.field, change.before, change.after) for change in found]


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [
        ({}, []),
        ({"env": ("PATH=/bin", "A=2")}, [("Env.A", "1", "2")]),
        ({"env": ("A=1", "PATH=/bin")}, []),
        ({"env": ("PATH=/bin", "A=1", "B=")}, [("Env.B", None, "")]),
        ({"labels": {"b": ""}}, [("Labels.a", "1", None), ("Labels.b", None, "")]),
        (
            {"exposed_ports": ("80/tcp", "443/udp")},
            [("ExposedPorts.443/udp", None, True)],
        ),
        ({"volumes": ("/v",)}, [("Volumes./v", None, True)]),
        ({"cmd": None}, [("Cmd", ["sh"], None)]),
        ({"cmd": ("a", "b"), "args_escaped": True}, [("Cmd", ["sh"], ["a", "b"])]),
        ({"user": ""}, [("User", "me", None)]),
        ({"working_dir": "/w"}, [("WorkingDir", None, "/w")]),
        ({"onbuild": ("RUN x",)}, [("OnBuild", None, ["RUN x"])]),
        (
            {"healthcheck": Healthcheck(("NONE",))},
            [("Healthcheck", None, {"Test": ["NONE"]})],
        ),
    ],
)
def test_changed_fields(runtime: dict[str, object], expected: list[object]) -> None:
    assert changes(**runtime) == expected


def test_author_is_a_field_and_history_is_none() -> None:
    after = replace(BEFORE, author="me", created="now", history=(HistoryEntry("now", "X"),))
    assert config_changes(BEFORE, after) == (ConfigChange("Author", None, "me"),)


def test_of_a_base_all_that_is_set_is_shown_sorted() -> None:
    fields = [change.field for change in config_changes(None, BEFORE)]
    assert fields == ["Cmd", "Env.A", "Env.PATH", "ExposedPorts.80/tcp", "Labels.a", "User"]
    assert config_changes(None, ImageConfig()) == ()
