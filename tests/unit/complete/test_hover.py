"""What Shift+Tab says. `‸` is the cursor."""

from __future__ import annotations

import pytest

from dockernb.complete.hover import help_at
from dockernb.kernel.inspection import help_bundle
from dockernb.kernel.magics import all_magics

from .known import Known


def explained(marked: str) -> str:
    cursor = marked.index("‸")
    return help_bundle(help_at(marked.replace("‸", ""), cursor, all_magics(), Known())).get(
        "text/plain", ""
    )


@pytest.mark.parametrize(
    ("marked", "begins"),
    [
        ("WORK‸DIR /srv", "WORKDIR <path>"),
        ("RUN ec‸ho", "RUN [<flags>]"),
        ("ONBUILD CO‸PY a b", "COPY [<flags>]"),
        ("COPY --cho‸wn=1:1 a b", "COPY --chown="),
        ("RUN --mount=type=ca‸che,target=/x ls", "--mount=type=cache\n"),
        ("RUN --mount=type=cache,shar‸ing=locked ls", "--mount=type=cache,sharing=\n"),
        ("RUN --mo‸unt=type=cache ls", "RUN --mount="),
        ("RUN echo ${PO‸RT}", "PORT=6379"),
        ("RUN <<EOF\necho $POR‸T\nEOF", "PORT=6379"),
        ("RUN echo \\\n  ü🐳 $PORT‸", "PORT=6379"),
        ("ENV PO‸RT=1", "PORT=6379"),
        ("RUN $N‸O", "NO is not set here"),
        ("FROM deb‸ian:bookworm-slim", "debian:bookworm-slim\n\nAn image on the engine."),
        ("FROM --platform=linux/arm64 debian:1‸2 AS x", "debian:12\n\nAn image"),
        ("FROM alp‸ine", "alpine\n\nIt is not on the engine"),
        ("FROM scr‸atch", "scratch\n\nThe empty image."),
        ("FROM ba‸se", "base\n\nA stage of this notebook, opened in code cell 1, not run yet."),
        ("FROM debian:12 AS bu‸ild", "build\n\nA stage of this notebook, opened in cell [2]."),
        ("FROM debian:12 A‸S build", "FROM ["),
        ("FR‸OM debian", "FROM ["),
        ("FROM debian:$NO‸", "NO is not set here"),
        ("COPY --from=bui‸ld /a /b", "build\n\nA stage"),
        ("COPY --fr‸om=build /a /b", "COPY --from="),
        ("RUN --mount=type=bind,from=bui‸ld,target=/b ls", "build\n\nA stage"),
        ("%a‸rg A=1", "%arg [NAME=VALUE | NAME]"),
        ("%ls --a‸t 2", "%ls [PATH]"),
        ("%cr‸lf\nRUN x", "%crlf"),
        ("# com‸ment", ""),
        ("RU‸M x", ""),
        ("‸", ""),
    ],
)
def test_help_of(marked: str, begins: str) -> None:
    text = explained(marked)
    assert text.startswith(begins) if begins else text == ""


def test_help_of_an_image_and_a_stage_has_their_facts() -> None:
    text = explained("FROM debian:12‸")
    for fact in ("linux/amd64", "74.8 MB", "2026-11-17 00:00:00", "sha256:d", "0123456789ab"):
        assert fact in text
    assert "4.5 MB" in explained("FROM build‸")


def test_secrets_are_never_shown() -> None:
    assert "hidden" not in explained("RUN echo $API_TOK‸EN")
    assert "not shown" in explained("RUN echo $API_TOK‸EN")
    mounted = "RUN --mount=type=secret,id=a,env=PORT echo $PO‸RT"
    assert "6379" not in explained(mounted)


def test_help_is_escaped() -> None:
    class Hostile(Known):
        def variables(self) -> dict[str, str]:
            return {"X": "<script>"}

    bundle = help_bundle(help_at("RUN $X", 6, all_magics(), Hostile()))
    assert bundle["text/html"] == "<pre>X=&lt;script&gt;</pre>"
