from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.kernel.completion import complete_reply
from dockernb.kernel.context_paths import complete_path
from dockernb.kernel.execution import Workspace
from dockernb.kernel.inspection import inspect_bundle

from .scripted import ScriptedSession


@pytest.fixture
def filled(workspace: Workspace, tmp_path: Path) -> Workspace:
    session = workspace.session.get()
    assert isinstance(session, ScriptedSession)
    session.stages, session.variables = ["build", "final"], {"PATH": "/bin", "PORT": "6379"}
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("", "utf-8")
    (tmp_path / "apt.txt").write_text("", "utf-8")
    (tmp_path / ".hidden").write_text("", "utf-8")
    return workspace


def completed(text: str, workspace: Workspace) -> list[str]:
    """The texts that completion makes of `text`, the cursor at "|" or at its end."""
    cursor = text.find("|") if "|" in text else len(text)
    text = text.replace("|", "")
    reply = complete_reply(text, cursor, workspace)
    head = text[: reply["cursor_start"]]
    return [head + match for match in reply["matches"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FR", ["FROM"]),
        ("workd", ["workdir"]),
        ("FROM busybox\nRU", ["FROM busybox\nRUN"]),
        ("# why\nRU", ["# why\nRUN"]),
        ("# FR", []),
        ("ONBUILD RU", ["ONBUILD RUN"]),
        ("COPY --fr", ["COPY --from="]),
        ("COPY --li", ["COPY --link"]),
        ("COPY --from=bu", ["COPY --from=build", "COPY --from=busybox:latest"]),
        ("COPY --link --from=f", ["COPY --link --from=final"]),
        ("RUN --network=n", ["RUN --network=none"]),
        ("RUN --mount=type=ca", ["RUN --mount=type=cache"]),
        ("RUN --mount=type=cache,ta", ["RUN --mount=type=cache,target="]),
        ("RUN --mount=type=cache,sharing=l", ["RUN --mount=type=cache,sharing=locked"]),
        ("RUN --mount=type=bind,from=f", ["RUN --mount=type=bind,from=final"]),
        ("FROM deb", ["FROM debian:bookworm-slim"]),
        ("FROM sc", ["FROM scratch"]),
        ("FROM debian A", ["FROM debian AS"]),
        ("RUN echo $PO", ["RUN echo $PORT"]),
        ("RUN echo ${PO", ["RUN echo ${PORT}"]),
        ("RUN echo \\\n  $PO", ["RUN echo \\\n  $PORT"]),
        ("RUN <<EOF\nFR", []),
        ("RUN <<EOF\necho $PO", ["RUN <<EOF\necho $PORT"]),
        ("COPY ap", ["COPY app/", "COPY apt.txt"]),
        ("COPY app/", ["COPY app/main.py"]),
        ("COPY ./app/m", ["COPY ./app/main.py"]),
        ('COPY ["ap', ['COPY ["app/', 'COPY ["apt.txt']),
        ("COPY .h", ["COPY .hidden"]),
        ("COPY --from=build ap", []),
        ("STOPSIGNAL SIGT", ["STOPSIGNAL SIGTERM"]),
        ("HEALTHCHECK N", ["HEALTHCHECK NONE"]),
        ("%con", ["%context"]),
        ("%engine d", ["%engine docker"]),
        ("%context a", ["%context app/"]),
        ("%cache o", ["%cache on", "%cache off"]),
        ("F| busybox", ["FROM"]),
    ],
)
def test_completion_offers(text: str, expected: list[str], filled: Workspace) -> None:
    assert completed(text, filled) == expected


def test_all_instructions_are_offered_at_the_start(workspace: Workspace) -> None:
    reply = complete_reply("", 0, workspace)
    assert len(reply["matches"]) == 18
    types = reply["metadata"]["_jupyter_types_experimental"]
    assert {entry["type"] for entry in types} == {"keyword"}


def test_every_prefix_of_a_dockerfile_can_be_completed(filled: Workspace) -> None:
    text = (
        "# escape=`\nFROM --platform=linux/amd64 a AS b\nRUN <<A <<'B'\nx\nA\n$y\nB\n"
        'COPY --chmod=7 --from=b ["a", "b/"]\nONBUILD ADD x $y\nENV A="b c\nRUN a `\n # c\n b\n%x'
    )
    for cursor in range(len(text) + 1):
        complete_reply(text, cursor, filled)
        complete_reply(text[:cursor], cursor, filled)
        inspect_bundle(text, cursor, filled)


def test_paths_never_leave_the_context(tmp_path: Path) -> None:
    context, outside = tmp_path / "context", tmp_path / "outside"
    context.mkdir(), outside.mkdir()
    (outside / "secret.txt").write_text("", "utf-8")
    (context / "link").symlink_to(outside)
    assert complete_path(context, "../") == []
    assert complete_path(context, "a/../../") == []
    assert complete_path(context, "link/") == []
    assert complete_path(context, "/") == ["/link"]
    assert complete_path(context, "nowhere/x") == []
    assert complete_path(context, "\0") == []


def test_help_of_an_instruction_has_syntax_and_effect(workspace: Workspace) -> None:
    bundle = inspect_bundle("WORKDIR /srv", 3, workspace)
    assert bundle["text/html"].startswith("<pre>WORKDIR")
    assert "WORKDIR" in bundle["text/plain"]


def test_help_of_a_flag(workspace: Workspace) -> None:
    bundle = inspect_bundle("COPY --chown=1:1 a b", 8, workspace)
    assert bundle["text/plain"].startswith("COPY --chown=")


def test_help_of_a_variable_shows_its_value(filled: Workspace) -> None:
    text = "RUN echo ${PORT}"
    assert inspect_bundle(text, len(text) - 2, filled)["text/plain"] == "PORT=6379"
    assert "not set" in inspect_bundle("RUN $NO", 6, filled)["text/plain"]


def test_help_of_a_magic(workspace: Workspace) -> None:
    assert inspect_bundle("%arg A=1", 2, workspace)["text/plain"].startswith("%arg [NAME=VALUE")


def test_nothing_is_known_of_unknown_words(workspace: Workspace) -> None:
    assert inspect_bundle("RUM x", 1, workspace) == {}
    assert inspect_bundle("", 0, workspace) == {}
