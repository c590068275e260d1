"""Texts for property tests: close enough to Dockerfiles to reach the parser's corners."""

from __future__ import annotations

from hypothesis import strategies as st

_WORDS = [
    *("FROM a", "RUN", "run", "COPY", "ADD", "ENV", "LABEL", "ARG", "CMD", "ONBUILD", "SHELL"),
    *("VOLUME", "EXPOSE", "USER", "WORKDIR", "HEALTHCHECK", "CMD", "NONE", "FOO"),
    *(" ", "  ", "\t", "a", "b=c", '"x y"', "'q", '"', "\\", "`", "=", "&&", "$A", "${A:-b}"),
    *("\n", "\n", "\n", "\n", "\r\n", "\\\n", "`\n", "\\ \n", "\\\r\n", "\v", "\f", "\r"),
    *("# c\n", "#\n", "# escape=`\n", "# escape=\\\n", "# syntax=a/b\n", "# check=skip=all\n"),
    *("<<EOF", "<<-E", "<<'E'", "3<<E", "\nEOF\n", "\nE\n", "\n\tE\n"),
    *('["a", "b"]', '["<<EOF"]', "[1]", "[", "--from=x", "--mount=type=bind", "--", "--link"),
]

dockerfile_texts = st.lists(st.sampled_from(_WORDS), max_size=24).map("".join)
any_texts = st.one_of(
    dockerfile_texts,
    st.text(max_size=80),
    st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=3)), max_size=20).map("".join),
)
