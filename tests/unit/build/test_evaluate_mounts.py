"""What the `--mount`s of RUN ask of the engine."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.build_flags import BuildFlags, parse_flags
from dockernb.build.named_contexts import NamedContext
from dockernb.build.outcome import RunCommand
from dockernb.errors import BuildError, DockerfileError, UnsupportedByEngineError

from .building import last, stage

OTHER = "sha256:" + "1" * 64


def run(text: str, **more: Any) -> RunCommand:
    action = last(text, **more).action
    assert isinstance(action, RunCommand)
    return action


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("type=cache,target=/c", {"kind": "cache", "target": "/c", "source": "/c"}),
        ("type=cache,id=i,target=c", {"target": "/w/c", "source": "i"}),
        ("type=cache,target=c/", {"target": "/w/c", "source": "c"}),
        ("type=cache,target=/c,mode=0700,uid=5,gid=6", {"mode": 0o700, "uid": 5, "gid": 6}),
        ("type=cache,target=/c,sharing=locked,ro", {"sharing": "locked", "read_only": True}),
        ("type=cache,target=/c,from=other,source=x", {"source_image": OTHER, "base": "/x"}),
        ("type=tmpfs,target=/t,size=1m", {"kind": "tmpfs", "size": 1 << 20}),
        ("type=bind,from=other,target=/b", {"source_image": OTHER, "read_only": True}),
        ("type=bind,from=OTHER,source=/x,target=/b,rw", {"source": "/x", "read_only": False}),
        ("type=bind,from=busybox,target=/b", {"source_image": "busybox", "source": "/"}),
        ("type=bind,from=named,target=/b", {"source_image": "there:1"}),
        ("target=/b,source=../x", {"source": "/x", "source_image": None}),
        ("type=secret,id=s", {"target": "/run/secrets/s", "content": b"top", "mode": 0o400}),
        ("type=secret,source=s", {"target": "/run/secrets/s", "source": "s"}),
        ("type=secret,target=/x/s", {"target": "/x/s", "source": "s"}),
        ("type=secret,id=s,target=/x/y,required", {"target": "/x/y", "source": "s"}),
        ("type=ssh", {"target": "/run/buildkit/ssh_agent.0", "source": "/agent"}),
        ("type=ssh,id=default,target=/a", {"target": "/a", "kind": "ssh"}),
    ],
)
def test_mounts(option: str, expected: dict[str, Any]) -> None:
    flags = BuildFlags(ssh={"default": "/agent"}, contexts={"named": "docker-image://there:1"})
    found = run(
        f"WORKDIR /w\nRUN --mount={option} x",
        others=(stage("other", OTHER),),
        secrets={"s": b"top"},
        flags=flags,
    )
    (mount,) = found.spec.mounts
    assert {name: getattr(mount, name) for name in expected} == expected


def test_bind_mounts_of_folders_are_told_apart(tmp_path: Path) -> None:
    flags = parse_flags([f"--build-context=docs={tmp_path}"], Path())
    found = run("RUN --mount=target=/a --mount=from=docs,target=/b x", flags=flags)
    assert found.contexts == {0: NamedContext(), 1: NamedContext(folder=tmp_path)}


def test_caches_with_another_owner_or_mode_are_other_caches() -> None:
    names = {
        run(f"RUN --mount=type=cache,id=i,target=/c{more} x").spec.mounts[0].source
        for more in ("", ",mode=0755", ",mode=0700", ",uid=5", ",gid=5")
    }
    assert len(names) == 4


def test_secret_that_was_not_given_is_left_out_unless_required() -> None:
    assert run("RUN --mount=type=secret,id=s x").spec.mounts == ()
    with pytest.raises(DockerfileError, match="is required") as caught:
        run("RUN --mount=type=secret,id=s,required=true x")
    assert "%secret id=s,src=FILE" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("option", "name", "files"),
    [("env=TOKEN", "TOKEN", 0), ("env=TOKEN,target=/t", "TOKEN", 1), ("env=", "s", 0)],
)
def test_secret_as_a_variable(option: str, name: str, files: int) -> None:
    spec = run(f"RUN --mount=type=secret,id=s,{option} x", secrets={"s": b"top"}).spec
    assert dict(spec.secret_env) == {name: "top"}
    assert name not in spec.env
    assert len(spec.mounts) == files


def test_ssh_agent_is_named_even_where_none_is_given() -> None:
    spec = run("RUN --mount=type=ssh x").spec
    assert spec.env["SSH_AUTH_SOCK"] == "/run/buildkit/ssh_agent.0"
    assert spec.mounts == ()
    with pytest.raises(DockerfileError, match="is required") as caught:
        run("RUN --mount=type=ssh,required x")
    assert "--ssh default" in (caught.value.hint or "")


@pytest.mark.parametrize("option", ["type=cache,target=/c,source=/x", "type=tmpfs,target=/"])
def test_mounts_that_make_no_sense_are_refused(option: str) -> None:
    with pytest.raises(DockerfileError):
        run(f"RUN --mount={option} x")


def test_devices_are_refused_not_ignored() -> None:
    with pytest.raises(UnsupportedByEngineError, match="--device") as caught:
        run("RUN --device=vendor.com/gpu=all x")
    assert "docker buildx build" in (caught.value.hint or "")


def test_no_content_of_a_secret_gets_into_key_history_or_representation() -> None:
    text = "RUN --mount=type=secret,id=s --mount=type=secret,id=s,env=S x"
    outcome = last(text, secrets={"s": b"hunter2"})
    assert "hunter2" not in repr(outcome) + str(outcome.created_by) + str(outcome.used_args)


# --- the flags ------------------------------------------------------------------------------------
def test_flags_are_read_as_docker_build_reads_them(tmp_path: Path) -> None:
    agent, key = tmp_path / "agent", tmp_path / "key"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(agent))
        words = (
            f"--add-host db:10.0.0.1 --add-host=six=[::1] --ulimit nofile=9:10 --ulimit=core=0 "
            f"--shm-size 1m --ssh mine={agent} --build-context a=docker-image://b "
            "--build-context here=docs --build-context repo=git@host:a.git#v1 --ssh other=key"
        ).split()
        flags = parse_flags(words, tmp_path)
    assert flags.extra_hosts == {"db": "10.0.0.1", "six": "::1"}
    assert flags.ulimits == {"nofile": (9, 10), "core": (0, 0)}
    assert flags.shm_size == 1 << 20
    assert flags.ssh == {"mine": str(agent)}
    assert flags.keys == {"other": (str(key),)}
    assert flags.contexts == {
        "a": "docker-image://b",
        "here": str(tmp_path / "docs"),
        "repo": "git@host:a.git#v1",
    }
    assert parse_flags(flags.words, Path("/")) == flags


@pytest.mark.parametrize(
    "words",
    [
        "--add-hosts a:1",
        "--add-host",
        "--add-host a",
        "--add-host a:b c",
        "--ulimit none=1",
        "--ulimit nofile=2:1",
        "--ulimit nofile=x",
        "--shm-size big",
        "--ssh key=/etc/passwd",
        "--ssh key=/nowhere",
        "--build-context a",
        "stray",
    ],
)
def test_a_wrong_flag_says_how_it_is_written(words: str) -> None:
    with pytest.raises(BuildError) as caught:
        parse_flags(words.split(), Path())
    assert "--" in (caught.value.hint or "")
