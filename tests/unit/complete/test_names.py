from __future__ import annotations

from dockernb.complete.names import Declared, declared_in


def test_texts_declare_stages_variables_and_arguments() -> None:
    texts = [
        "ARG BASE=debian\nARG TAG=12",
        "FROM $BASE AS build\nARG BASE\nARG TAG=13\nENV A=1 B=$A\nENV B=$A",
        "WORKDIR /srv\nWORKDIR app",
    ]
    found = declared_in(texts, Declared(), {"TAG": "14"})
    assert found.stages == ("build",)
    assert found.global_arguments == {"BASE": "debian", "TAG": "14"}
    assert found.variables == {"BASE": "debian", "TAG": "14", "A": "1", "B": "1"}
    assert found.working_dir == "/srv/app"
    assert found.opened == "debian"


def test_what_cannot_be_read_is_passed_over() -> None:
    before = Declared(("one",), {"A": "1"}, {}, "/x")
    found = declared_in(["RUM x\nENV C=${\nENV D=4\nRUN <<EOF\nno end"], before, {})
    assert found.stages == ("one",)
    assert found.variables["D"] == "4"
    assert found.working_dir == "/x"
