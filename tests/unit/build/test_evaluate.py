"""What each instruction does to config, variables and history: the lines of SEMANTICS.md."""

from __future__ import annotations

from typing import Any

import pytest

from dockernb.build.evaluate import evaluate
from dockernb.build.outcome import (
    BuildOptions,
    CopyFiles,
    MakeDirectory,
    NoAction,
    RunCommand,
)
from dockernb.build.state import BuildState
from dockernb.dockerfile.instructions import Arg
from dockernb.engines.base import ContainerSpec
from dockernb.errors import (
    DockerfileError,
    DockerfileSyntaxError,
    InternalError,
)
from dockernb.oci.config import Healthcheck

from .building import IMAGE, PATH, last, one, outcomes, runtime, stage

SHELL = ("/bin/sh", "-c")
OTHER = "sha256:" + "1" * 64


def spec(text: str, **more: Any) -> ContainerSpec:
    action = last(text, **more).action
    assert isinstance(action, RunCommand)
    return action.spec


# --- variables ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "options", "seen"),
    [
        ("RUN x", {"A": "9"}, None),  # 7: nothing declares it
        ("ARG A\nRUN x", {}, None),
        ("ARG A\nRUN x", {"A": "9"}, "9"),
        ("ARG A=1\nRUN x", {}, "1"),
        ("ARG A=1\nRUN x", {"A": "9"}, "9"),
        ("ARG A=\nRUN x", {}, ""),
        ("ARG A=1\nENV A=2\nRUN x", {"A": "9"}, "2"),
        ("ENV A=2\nARG A=1\nRUN x", {}, "1"),  # 4: what BuildKit does
        ("ARG A=1\nARG A=2\nRUN x", {}, "2"),
        ("ENV B=1\nARG A=$B\nRUN x", {}, "1"),
    ],
)
def test_run_sees_the_newest_of_env_and_arg(
    text: str, options: dict[str, str], seen: str | None
) -> None:
    assert spec(text, **options).env.get("A") == seen


@pytest.mark.parametrize(
    ("text", "build_args", "seen"),
    [
        ("RUN x", {}, None),  # 1: empty until declared again
        ("ARG A\nRUN x", {}, "global"),
        ("ARG A=stage\nRUN x", {}, "stage"),  # 2
        ("ARG A=stage\nRUN x", {"A": "9"}, "9"),
    ],
)
def test_global_arg_reaches_a_stage_only_when_declared_again(
    text: str, build_args: dict[str, str], seen: str | None
) -> None:
    found = spec(text, global_args=(Arg("A", "global"),), **build_args)
    assert found.env.get("A") == seen


def test_arg_takes_effect_from_its_own_line_on() -> None:
    before, *_, after = outcomes("RUN x\nARG A=1\nRUN x")
    assert isinstance(before.action, RunCommand)
    assert isinstance(after.action, RunCommand)
    assert "A" not in before.action.spec.env
    assert after.action.spec.env["A"] == "1"


def test_arg_never_gets_into_the_images_env() -> None:
    assert runtime("ARG A=1\nRUN x").env == (PATH,)
    assert runtime("ARG A=1\nENV B=$A").env == (PATH, "B=1")


def test_env_values_are_those_before_the_line() -> None:
    assert runtime("ENV a=1\nENV a=2 b=$a").env == (PATH, "a=2", "b=1")


def test_env_cannot_be_unset_and_keeps_its_place() -> None:
    assert runtime("ENV a=1 b=2\nENV a=").env == (PATH, "a=", "b=2")


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("'$V'", "$V"),
        (r"\$V", "$V"),
        ("$NONE", ""),
        ('"a  b"', "a  b"),
        ("${V:-d}", "v"),
        ("${NONE:-d}", "d"),
        ("${V:+p}", "p"),
    ],
)
def test_quotes_and_modifiers(word: str, value: str) -> None:
    assert runtime(f"ENV V=v\nENV R={word}").environment["R"] == value


def test_platform_args_are_empty_until_declared() -> None:
    assert "TARGETARCH" not in spec("RUN x").env
    assert spec("ARG TARGETARCH\nRUN x").env["TARGETARCH"] == "amd64"
    assert spec("ARG TARGETARCH\nRUN x", TARGETARCH="s390x").env["TARGETARCH"] == "s390x"


def test_proxy_args_reach_run_without_an_arg_line_and_leave_no_trace() -> None:
    outcome = last("RUN x", HTTP_PROXY="http://p", no_proxy="h")
    assert isinstance(outcome.action, RunCommand)
    assert outcome.action.spec.env == {
        "PATH": "/bin", "HTTP_PROXY": "http://p", "http_proxy": "http://p",
        "NO_PROXY": "h", "no_proxy": "h",
    }  # fmt: skip
    assert (outcome.used_args, outcome.created_by) == ({}, "RUN /bin/sh -c x # buildkit")
    declared = last("ARG HTTP_PROXY\nRUN x", HTTP_PROXY="http://p")
    assert declared.used_args == {"HTTP_PROXY": "http://p"}


def test_escape_character_of_the_file_counts() -> None:
    assert runtime("ENV A=`$X", escape="`").environment["A"] == "$X"
    assert runtime(r"ENV A=C:\x", escape="`").environment["A"] == r"C:\x"


def test_empty_mandatory_variable_is_an_error() -> None:
    with pytest.raises(DockerfileSyntaxError, match="none"):
        last("ENV A=${X:?none}")


# --- RUN ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("RUN echo $A  b", (*SHELL, "echo $A  b")),  # 12: never expanded by the builder
        ('RUN ["echo", "$A"]', ("echo", "$A")),
        ("RUN ['echo']", (*SHELL, "['echo']")),
        ('SHELL ["bash", "-ec"]\nRUN x', ("bash", "-ec", "x")),
        ("RUN <<EOF\na\nb\nEOF", (*SHELL, "a\nb\n")),
        ("RUN cat <<EOF\na\nEOF", (*SHELL, "cat <<EOF\na\nEOF")),
        ("RUN cat <<-EOF\n\ta\nEOF", (*SHELL, "cat <<-EOF\n\ta\nEOF")),
        ("RUN <<EOF\n#!/bin/cat\nx\nEOF", (*SHELL, "/dev/pipes/EOF")),
    ],
)
def test_command_of_run(text: str, command: tuple[str, ...]) -> None:
    assert spec(text).command == command


def test_script_of_a_heredoc_is_mounted_not_copied() -> None:
    (mount,) = spec("RUN <<EOF\n#!/bin/cat\nx\nEOF").mounts
    assert (mount.kind, mount.target, mount.content, mount.mode) == (
        "file",
        "/dev/pipes/EOF",
        b"#!/bin/cat\nx\n",
        0o755,
    )


def test_run_has_user_working_directory_and_network_of_the_line() -> None:
    found = spec("USER a:b\nWORKDIR /w\nRUN --network=none x")
    assert (found.user, found.working_dir, found.network) == ("a:b", "/w", "none")
    assert spec("RUN x").working_dir == "/"


def test_base_without_path_gets_the_default_for_run() -> None:
    bare = stage().with_runtime(env=())
    found = spec("RUN x", start=type(bare)("", 0, IMAGE, bare.config))
    assert found.env["PATH"].endswith("/usr/bin:/sbin:/bin")


# --- metadata -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("LABEL a=1 b='$x'\nLABEL a=2", "labels", {"a": "2", "b": "$x"}),
        ("LABEL k some words", "labels", {"k": "some words"}),
        ("EXPOSE 80", "exposed_ports", ("80/tcp",)),
        ('ENV P="80 443/udp"\nEXPOSE $P', "exposed_ports", ("80/tcp", "443/udp")),
        ("EXPOSE 7000-7002", "exposed_ports", ("7000/tcp", "7001/tcp", "7002/tcp")),
        ("EXPOSE 80 80/TCP", "exposed_ports", ("80/tcp",)),
        ("VOLUME /a /b\nVOLUME /a", "volumes", ("/a", "/b")),
        ('VOLUME ["/a b"]', "volumes", ("/a b",)),
        ("ENV U=me\nUSER $U", "user", "me"),
        ("WORKDIR /a\nWORKDIR b", "working_dir", "/a/b"),
        ("WORKDIR /a\nWORKDIR ../c", "working_dir", "/c"),
        ("WORKDIR /a\nWORKDIR /b", "working_dir", "/b"),
        ("WORKDIR a", "working_dir", "/a"),
        ("ENV S=SIGUSR1\nSTOPSIGNAL $S", "stop_signal", "SIGUSR1"),
        ("STOPSIGNAL 9", "stop_signal", "9"),
        ('SHELL ["a", "b"]', "shell", ("a", "b")),
        ("CMD a $b", "cmd", (*SHELL, "a $b")),
        ('CMD ["a", "$b"]', "cmd", ("a", "$b")),
        ("CMD a\nCMD b", "cmd", (*SHELL, "b")),
        ('SHELL ["s"]\nCMD a', "cmd", ("s", "a")),
        ("ENTRYPOINT a", "entrypoint", (*SHELL, "a")),
        ("ONBUILD RUN a\nONBUILD  COPY  b /", "onbuild", ("RUN a", "COPY  b /")),
        ("HEALTHCHECK NONE", "healthcheck", Healthcheck(("NONE",))),
        (
            "HEALTHCHECK --retries=3 CMD a\nHEALTHCHECK --timeout=2s CMD b",
            "healthcheck",
            Healthcheck(("CMD-SHELL", "b"), timeout=2_000_000_000),  # 40: no fields left over
        ),
    ],
)
def test_config_after(text: str, field: str, value: object) -> None:
    assert getattr(runtime(text), field) == value


def test_maintainer_is_the_author() -> None:
    assert last("MAINTAINER Ann <a@b.c>").stage.config.author == "Ann <a@b.c>"


def test_entrypoint_resets_an_inherited_cmd_only() -> None:
    inherited = stage(cmd=("sh",))
    assert runtime('ENTRYPOINT ["a"]', start=inherited).cmd is None
    assert runtime('CMD ["b"]\nENTRYPOINT ["a"]', start=inherited).cmd == ("b",)


def test_cmd_alone_keeps_the_bases_entrypoint() -> None:
    assert runtime('CMD ["b"]', start=stage(entrypoint=("a",))).entrypoint == ("a",)


@pytest.mark.parametrize("text", ["CMD []", "ENTRYPOINT []"])
def test_empty_list_clears(text: str) -> None:
    after = runtime(text, start=stage(cmd=("b",), entrypoint=("a",)))
    assert not (after.cmd if text.startswith("CMD") else after.entrypoint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("EXPOSE many", 'invalid containerPort: "many"'),
        ("EXPOSE 80/http", 'invalid containerPort: "80/http"'),
        ("EXPOSE 9-7", "invalid range"),
        ("EXPOSE 70000", "invalid range"),
        ("STOPSIGNAL SIGNO", 'invalid signal: "SIGNO"'),
        ("STOPSIGNAL 0", 'invalid signal: "0"'),
        ("VOLUME $NONE", "VOLUME specified can not be an empty string"),
    ],
)
def test_values_that_break_a_rule_once_expanded(text: str, message: str) -> None:
    with pytest.raises(DockerfileError, match=message):
        last(text)


# --- what is done ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "action", "layer"),
    [
        ("RUN x", RunCommand, True),
        ("COPY a /", CopyFiles, True),
        ("ADD a /", CopyFiles, True),
        ("WORKDIR /a", MakeDirectory, True),
        ("WORKDIR /", NoAction, False),
        ("ENV A=1", NoAction, False),
        ("ARG A", NoAction, False),
        ("VOLUME /v", NoAction, False),
        ("USER me", NoAction, False),
    ],
)
def test_only_what_touches_files_makes_a_layer(text: str, action: type, layer: bool) -> None:
    outcome = last(text)
    assert (type(outcome.action), outcome.layer) == (action, layer)


def test_workdir_belongs_to_the_user() -> None:
    assert last("USER me\nWORKDIR a").action == MakeDirectory("/a", "me")


@pytest.mark.parametrize(
    ("name", "image", "shown"),
    [
        ("other", OTHER, "other"),
        ("OTHER", OTHER, "OTHER"),
        ("0", OTHER, "0"),
        ("busybox:1", "busybox:1", "busybox:1"),
    ],
)
def test_copy_from_a_stage_or_an_image(name: str, image: str, shown: str) -> None:
    action = last(f"COPY --from={name} a /", others=(stage("other", OTHER),)).action
    assert isinstance(action, CopyFiles)
    assert (action.source.image, action.from_name) == (image, shown)


@pytest.mark.parametrize("name", ["this", "THIS", "1"])
def test_copy_from_the_stage_itself_is_refused(name: str) -> None:
    with pytest.raises(DockerfileError, match="cannot take files from itself"):
        last(f"COPY --from={name} a /", start=stage("this"), others=(stage("o", OTHER),))


def test_copy_expands_its_words() -> None:
    action = last("ENV A=x\nARG B=y\nWORKDIR /w\nCOPY --chown=$B --chmod=644 $A*.txt d/").action
    assert isinstance(action, CopyFiles)
    request = action.request
    assert (request.sources, request.destination, request.working_dir, request.chown) == (
        ("x*.txt",),
        "d/",
        "/w",
        "y",
    )


@pytest.mark.parametrize(("word", "text"), [("EOF", "a=1\n"), ("'EOF'", "a=$A\n")])
def test_heredoc_of_copy_expands_unless_quoted(word: str, text: str) -> None:
    action = last(f"ENV A=1\nCOPY <<{word} /f\na=$A\nEOF").action
    assert isinstance(action, CopyFiles)
    assert action.request.heredocs[0].data == text.encode()


# --- history --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "created_by"),
    [
        ("RUN echo a", "RUN /bin/sh -c echo a # buildkit"),
        ("ARG A=1\nARG B\nRUN x", "RUN |2 A=1 B= /bin/sh -c x # buildkit"),
        ("ARG A=1\nENV A=2\nRUN x", "RUN |1 A=2 /bin/sh -c x # buildkit"),
        ("ENV a=1 b=$a", "ENV a=1 b="),
        ("LABEL a=1", "LABEL a=1"),
        ("EXPOSE 80 443/udp", "EXPOSE map[443/udp:{} 80/tcp:{}]"),
        ("VOLUME /b /a", "VOLUME [/b /a]"),
        ("WORKDIR a", "WORKDIR /a"),
        ("USER me", "USER me"),
        ("CMD a", 'CMD ["/bin/sh" "-c" "a"]'),
        ('ENTRYPOINT ["a", "b"]', 'ENTRYPOINT ["a" "b"]'),
        ('SHELL ["a", "b"]', "SHELL [a b]"),
        ("STOPSIGNAL 9", "STOPSIGNAL 9"),
        ("MAINTAINER me", "MAINTAINER me"),
        ("COPY a b /c/", "COPY a b /c/ # buildkit"),
        ("COPY --chown=1 --chmod=600 a /c", "COPY --chown=1 --chmod=600 a /c # buildkit"),
        ("ONBUILD RUN x", None),
        (
            "HEALTHCHECK --interval=30s --retries=3 CMD true",
            'HEALTHCHECK &{["CMD-SHELL" "true"] "30s" "0s" "0s" "0s" \'\\x03\'}',
        ),
    ],
)
def test_history(text: str, created_by: str | None) -> None:
    assert last(text).created_by == created_by


def test_nothing_is_evaluated_outside_a_stage() -> None:
    with pytest.raises(InternalError):
        evaluate(one("RUN x"), BuildState(), BuildOptions())
