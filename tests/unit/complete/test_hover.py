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
