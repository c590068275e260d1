"""What Tab offers. `‸` is the cursor (at the end where there is none)."""

from __future__ import annotations

import pytest

from dockernb.complete import fixed
from dockernb.complete.candidates import candidates_at
from dockernb.complete.cursor import place_at
from dockernb.complete.hover import help_at
from dockernb.kernel.magics import all_magics

from .known import Known

PLATFORM = "FROM --platform=linux/arm"


def offered(marked: str) -> list[str]:
    """The whole words that the list offers, and their kinds are dropped."""
    cursor = marked.find("‸") if "‸" in marked else len(marked)
    text = marked.replace("‸", "")
    found = candidates_at(text, cursor, all_magics(), Known())
    for candidate in found:
        typed = text[cursor - candidate.replaces : cursor]
        assert candidate.text.lower().startswith(typed.lower()), candidate
    return [candidate.text for candidate in found]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        # instructions
        ("FR", ["FROM"]),
        ("workd", ["workdir"]),
        ("FROM busybox\nRU", ["RUN"]),
        ("# why\nRU", ["RUN"]),
        ("ONBUILD WORK", ["WORKDIR"]),
        ("ONBUILD COPY --lin", ["--link"]),
        ("F‸ busybox", ["FROM"]),
        ("RUM x", []),
        # parser directives and comments
        ("# syn", ["# syntax=docker/dockerfile:1"]),
        ("#‸ check=skip", list(fixed.DIRECTIVES)),
        ("FROM a\n# syn", []),
        ("RUN a \\\n  # wh‸at\n  b", []),
        # FROM
        ("FROM ba", ["base"]),
        ("FROM deb", ["debian:bookworm-slim"]),
        ("FROM debian:bo", ["debian:bookworm-slim", "debian:bookworm"]),
        ("FROM sc", ["scratch"]),
        ("FROM debian a", ["AS"]),
        ("FROM $B", ["BASE"]),
        (PLATFORM, ["linux/arm64", "linux/arm/v7", "linux/arm/v6"]),
        ("FROM --pl‸atform=x debian", ["--platform="]),
        # flags and their values
        ("COPY --fr", ["--from="]),
        ("COPY --link --l", []),
        ("RUN --mount=type=tmpfs,target=/x --mou", ["--mount="]),
        ("COPY --from=bu", ["build", "busybox:latest"]),
        ("COPY --chmod=7", ["755", "700", "750"]),
        ("COPY --chown=re", ["redis"]),
        ("COPY --chown=redis:st", ["staff"]),
        ("COPY --link=f", ["false"]),
        ("COPY --exclude=ap", ["app/", "apt.txt"]),
        ("RUN --network=n", ["none"]),
        ("RUN --security=", ["sandbox", "insecure"]),
        ("HEALTHCHECK --int", ["--interval="]),
        ("HEALTHCHECK --interval=3", ["30s"]),
        ("HEALTHCHECK --retries=3 C", ["CMD"]),
        ("HEALTHCHECK CMD redis-", ["redis-server"]),
        ("WORKDIR --x", []),
        # mounts
        ("RUN --mount=ty", ["type="]),
        ("RUN --mount=type=ca", ["cache"]),
        ("RUN --mount=type=tmpfs,", ["target=", "size="]),
        ("RUN --mount=type=cache,target=/x,s", ["sharing=", "source="]),
        ("RUN --mount=type=cache,sharing=l", ["locked"]),
        ("RUN --mount=type=bind,from=bu", ["build", "busybox:latest"]),
        ("RUN --mount=type=bind,source=app/m", ["app/main.py"]),
        ("RUN --mount=type=bind,from=build,source=/out/s", ["/out/server"]),
        ("RUN --mount=type=cache,target=/et", ["/etc/"]),
        ("RUN --mount=type=secret,id=t", ["token"]),
        ("RUN --mount=type=ssh,re", ["required"]),
        ("RUN --mount=type=cache,id=a,tar‸ ls", ["target="]),
        # COPY and ADD
        ("COPY ap", ["app/", "apt.txt"]),
        ("COPY app/", ["app/lib/", "app/main.py"]),
        ("COPY ./app/m", ["./app/main.py"]),
        ("COPY .h", [".hidden"]),
        ('COPY ["a', ["a b.txt", "app/", "apt.txt"]),
        ('COPY ["a b.txt", "/sr', ["/srv/"]),
        ("COPY ap‸ /srv/", ["app/", "apt.txt"]),
        ("COPY apt.txt /srv/a", ["/srv/app/"]),
        ("COPY apt.txt da", ["data.txt"]),
        ("COPY --from=build /out/", ["/out/conf/", "/out/server"]),
        ("COPY --from=build out/‸ .", ["out/conf/", "out/server"]),
        ("ADD --chown=1:1 ap", ["app/", "apt.txt"]),
        ("COPY <<EOF /sr", ["/srv/"]),
        ("COPY <<EO", []),
        # paths and users of the snapshot
        ("WORKDIR /s", ["/srv/"]),
        ("WORKDIR ap", ["app/"]),
        ("WORKDIR da", []),
        ("VOLUME /etc/a", ["/etc/apt/"]),
        ('VOLUME ["/et', ["/etc/"]),
        ("USER no", ["nobody"]),
        ("USER redis:r", ["root", "redis"]),
        # commands
        ("RUN apt-", ["apt-cache", "apt-get"]),
        ("RUN true && apt-g", ["apt-get"]),
        ("RUN DEBUG=1 aw", ["awk"]),
        ("RUN if aw", ["awk"]),
        ("RUN echo $(aw", ["awk"]),
        ("RUN cat x | aw", ["awk"]),
        ("RUN --mount=type=ssh \\\n    apt-g", ["apt-get"]),
        ("RUN apt-get update \\\n # c\n && apt-c", ["apt-cache"]),
        ("RUN exp", ["export"]),
        ("RUN /opt/", ["/opt/tool"]),
        ("RUN cat /opt/", ["/opt/readme", "/opt/tool"]),
        ("RUN rm da", ["data.txt"]),
        ("RUN echo hi > /et", ["/etc/"]),
        ("RUN echo 'apt-", []),
        ("RUN rm -", []),
        ("RUN # apt-", []),
        ('CMD ["redis-', ['redis-server"']),
        ('CMD ["sh", "/srv/app/m', ["/srv/app/main.py"]),
        ("ENTRYPOINT /opt/t", ["/opt/tool"]),
        ("SHELL [\"/bin/ba", ['["/bin/bash", "-c"]', '["/bin/bash", "-o", "pipefail", "-c"]']),
        # heredocs
        ("RUN <<EOF\napt-", ["apt-cache", "apt-get"]),
        ("RUN <<EOF\nset -e\naw‸\nEOF", ["awk"]),
        ("RUN bash <<EOF\napt-g", ["apt-get"]),
        ("RUN python3 <<EOF\napt-g", []),
        ("RUN <<EOF\n#!/usr/bin/env python3\napt-g", []),
        ("COPY <<EOF /x\napt-g", []),
        ("RUN <<EOF\nls\nEOF\nRU", ["RUN"]),
        ("RUN <<EOF\n%ar", []),
        # variables
        ("RUN echo $PO", ["PORT"]),
        ("RUN echo ${PO", ["PORT}"]),
        ("RUN echo \\$PO", []),
        ("RUN for file in *; do echo $fi", ["file"]),
        ("RUN <<EOF\necho $PO", ["PORT"]),
        ("WORKDIR /srv/$P", ["PATH", "PORT"]),
        ("ENV PA", ["PATH="]),
        ("ARG VER", ["VERSION"]),
        ("ARG TARGETPL", ["TARGETPLATFORM"]),
        ("LABEL org.opencontainers.image.ti", ["org.opencontainers.image.title="]),
        ("STOPSIGNAL SIGT", ["SIGTERM"]),
        # characters outside of ASCII, of one and of two UTF-16 units
        ("# 🐳 ünïcode\nRUN echo ü && apt-g‸et x", ["apt-get"]),
        ("LABEL a=🐳🐳\nWORKDIR /s‸rv", ["/srv/"]),
        # magics
        ("%con", ["%context"]),
        ("%%sh", ["%%shell"]),
        ("%cache o", ["on", "off"]),
        ("%engine e", ["embedded"]),
        ("%ls /et", ["/etc/"]),
        ("%ls --a", ["--at"]),
        ("%ls /etc --at b", ["build"]),
        ("%cat da", ["data.txt"]),
        ("%find name /sr", ["/srv/"]),
        ("%diff 1 b", ["build"]),
        ("%context n", ["notes/"]),
        ("%secret t", ["token"]),
        ("%secret token src=s", ["secret.txt"]),
        ("%secret token env=H", ["HOME"]),
        ("%save s", ["secret.txt"]),
        ("%save x --format o", ["oci"]),
        ("%tag bu", ["busybox:latest"]),
        ("%stop w", ["web"]),
        ("%check f", ["first"]),
        ("%arg V", ["VERSION"]),
        ("%help l", ["ls"]),
        ("%unknown x", []),
        ("%arg A=1\nRU", ["RUN"]),
        ("%%shell\napt-", ["apt-cache", "apt-get"]),
        ("%%shell --of bu", ["build"]),
        ("RUN ls\n%con", []),
    ],
)  # fmt: skip
def test_completion_offers(marked: str, expected: list[str]) -> None:
    assert offered(marked) == expected


def test_all_instructions_are_offered_at_the_start() -> None:
    assert len(offered("")) == 18


def test_every_prefix_of_a_dockerfile_can_be_completed_and_explained() -> None:
    text = (
        "# escape=`\nFROM --platform=linux/amd64 a AS b\nRUN <<A <<'B'\nx\nA\n$y\nB\n"
        'COPY --chmod=7 --from=b ["a", "b/"]\nONBUILD ADD x $y\nENV A="b c\nRUN a `\n # c\n b\n%x'
        "\nRUN --mount=type=secret,id=,env= ${a:-\"x}` 'é🐳\n"
    )
    for cursor in range(len(text) + 1):
        for code in (text, text[:cursor], text.replace("\n", "\r\n")):
            candidates_at(code, min(cursor, len(code)), all_magics(), Known())
            help_at(code, min(cursor, len(code)), all_magics(), Known())


def test_place_knows_what_stands_above_and_behind() -> None:
    text = "FROM a\nCOPY x \\\n  y /z\nRUN b"
    place = place_at(text, text.index("y"))
    assert (place.above, place.rest) == ("FROM a\n", "y /z")
