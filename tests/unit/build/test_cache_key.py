"""What changes a result changes the key; what does not, does not; and a miss says why in words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.build_flags import parse_flags
from dockernb.build.cache import NearStep
from dockernb.build.cache_key import CacheKey, normal_form
from dockernb.build.verdict import hit_verdict, miss_verdict

from .building import key, one

OTHER = "sha256:" + "1" * 64
EMPTY: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN echo a", "run echo a"),
        ("RUN echo a", "# A comment\n\nRUN echo a"),
        ("RUN a && b", "RUN \\\n  # inside\n  a && b"),
        ("ENV A=1", "ENV  A=1  "),
        ("ARG A=1", "# A what it is for\nARG A=1"),
        ('CMD ["a","b"]', 'CMD [ "a", "b" ]'),
        ("COPY a b /c", "COPY   a   b   /c"),
        ("EXPOSE 80", "EXPOSE   80"),
    ],
)
def test_spelling_blanks_and_comments_do_not_count(before: str, after: str) -> None:
    assert key(before).digest == key(after).digest


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN echo a", "RUN echo b"),
        ("RUN echo a", "RUN echo  a"),  # for the shell blanks may count
        ("RUN a", "CMD a"),
        ("RUN a", 'RUN ["a"]'),
        ("RUN a", "RUN --network=none a"),
        ("RUN a", "RUN --mount=type=tmpfs,target=/t a"),
        ("ENV A=1", "ENV A=2"),
        ("ENV A=1", "LABEL A=1"),
        ("ENV A=1 B=2", "ENV B=2 A=1"),
        ("ARG A", "ARG A="),
        ("COPY a /b", "COPY a /b/"),
        ("COPY a /b", "ADD a /b"),
        ("COPY a /b", "COPY --chmod=600 a /b"),
        ("COPY a /b", "COPY --chown=1 a /b"),
        ("COPY a /b", "COPY --link a /b"),
        ("COPY a /b", "COPY --exclude=x a /b"),
        ("COPY a /b", "COPY --parents a /b"),
        ("ADD a /b", "ADD --unpack=false a /b"),
        ("ADD g.git /b", "ADD --keep-git-dir=true g.git /b"),
        ("RUN a", "RUN --security=insecure a"),
        ("RUN --mount=target=/t a", "RUN --mount=target=/t,rw a"),
        ("RUN --mount=type=cache,target=/t a", "RUN --mount=type=cache,target=/t,mode=0700 a"),
        ("USER a", "USER b"),
        ("VOLUME /a", "VOLUME /b"),
        ('SHELL ["a"]', 'SHELL ["b"]'),
        ("STOPSIGNAL 9", "STOPSIGNAL 15"),
        ("ENTRYPOINT a", 'ENTRYPOINT ["a"]'),
        ("WORKDIR /a", "WORKDIR /a/"),
        ("COPY <<E /f\na\nE", "COPY <<E /f\nb\nE"),
        ("RUN <<E\na\nE", "RUN <<E\nb\nE"),
        ("ONBUILD RUN a", "ONBUILD RUN b"),
        ("HEALTHCHECK CMD a", "HEALTHCHECK --retries=2 CMD a"),
    ],
)
def test_what_the_instruction_says_counts(before: str, after: str) -> None:
    assert key(before).digest != key(after).digest


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("RUN x", False),  # not declared
        ("ARG A=1\nRUN x", True),  # any command may use it
        ("ARG A", True),
        ("ARG A=1\nENV B=$A", True),
        ("ARG A=1\nENV B=$C", False),
        ("ARG A=1\nENV B='$A'", False),
        ("ARG A=1\nCOPY $A /", True),
        ("ARG A=1\nCOPY --chown=${A:-0} x /", True),
        ("ARG A=1\nCOPY x /", False),
        ("ARG A=1\nCOPY <<E /f\n$A\nE", True),
        ("ARG A=1\nCOPY <<'E' /f\n$A\nE", False),
        ("ARG A=1\nLABEL a=$A", True),
        ("ARG A=1\nWORKDIR $A", True),
        ("ARG A=1\nCMD echo $A", False),  # the builder expands nothing there
        ("ARG A=1\nENV A=2\nRUN x", False),  # ENV's value is in the parent
        ("ARG A=1\nARG B=$A", True),
    ],
)
def test_build_args_count_where_they_are_used(text: str, counts: bool) -> None:
    changed = key(text, A="one").digest != key(text, A="two").digest
    assert changed == counts


@pytest.mark.parametrize("name", ["HTTP_PROXY", "no_proxy"])
def test_proxies_count_only_if_declared(name: str) -> None:
    assert key("RUN x", **{name: "a"}).digest == key("RUN x", **{name: "b"}).digest
    declared = f"ARG {name}\nRUN x"
    assert key(declared, **{name: "a"}).digest != key(declared, **{name: "b"}).digest


@pytest.mark.parametrize("option", ["type=secret,id=s", "type=secret,id=s,env=S"])
def test_secrets_never_count(option: str) -> None:
    text = f"RUN --mount={option} x"
    first, second = (key(text, secrets={"s": content}) for content in (b"1", b"2"))
    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        (["--add-host", "db:1.2.3.4"], True),
        (["--ulimit", "nofile=9"], True),
        (["--shm-size", "1m"], True),
        (["--build-context", "other=docker-image://busybox"], False),  # RUN reads none
    ],
)
def test_flags_count_for_the_commands_that_see_them(words: list[str], counts: bool) -> None:
    flags = parse_flags(words, Path())
    assert (key("RUN x").digest != key("RUN x", flags=flags).digest) == counts
    assert key("ENV A=1").digest == key("ENV A=1", flags=flags).digest
    (change,) = key("RUN x", flags=flags).changes_since(key("RUN x").to_json()) or ("",)
    assert str(change).startswith(words[0] if counts else "")


def test_parent_platform_and_content_count() -> None:
    first = key("COPY a /", content={"a": "1"})
    assert first.digest == key("COPY a /", content={"a": "1"}).digest
    for other in (
        replace(first, parent=OTHER),
        replace(first, platform="linux/arm64"),
        replace(first, content={"a": "2"}),
        replace(first, content={"b": "1"}),
        replace(first, content={"a": "1", "b": "1"}),
    ):
        assert other.digest != first.digest


def test_order_of_content_and_args_does_not_count() -> None:
    one_way = CacheKey("p", {}, {"A": "1", "B": "2"}, {"a": "1", "b": "2"})
    other_way = CacheKey("p", {}, {"B": "2", "A": "1"}, {"b": "2", "a": "1"})
    assert one_way.digest == other_way.digest


def test_name_of_a_stage_does_not_count_for_from() -> None:
    plain, named = one("FROM busybox"), one("FROM busybox AS a")
    assert normal_form(plain) == {**normal_form(named), "stage_name": ""}


def test_no_two_fields_can_be_joined_to_the_same_text() -> None:
    assert CacheKey("a", {}, {"b": "c"}).digest != CacheKey("ab", {}, {"": "c"}).digest
    assert CacheKey("", {}, {"a": "b"}).digest != CacheKey("", {}, {}, {"a": "b"}).digest


def test_key_with_bytes_that_are_no_text_can_be_stored() -> None:
    odd = CacheKey("p", {"name": "COPY"}, {}, {"\udcff": "1"})
    assert json.loads(json.dumps(odd.to_json()))["content"] == {"\udcff": "1"}
    assert len(odd.digest) == 64


def test_large_context_is_kept_by_one_digest() -> None:
    many = {f"f{number}": "1" for number in range(6000)}
    before = CacheKey("p", {}, content=many)
    after = CacheKey("p", {}, content={**many, "f7": "2"})
    assert before.digest != after.digest
    assert len(json.dumps(before.to_json())) < 1000
    (cause,) = after.changes_since(before.to_json())
    assert str(cause) == "a file of the build context changed"


# --- why, in words --------------------------------------------------------------------------------
BASE = CacheKey("p", {"name": "COPY"}, {"VERSION": "1.2"}, {"app/main.py": "1"}, "linux/amd64")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content": {"app/main.py": "2"}}, "app/main.py changed"),
        ({"content": {"app/main.py": "1", "b": "2"}}, "b added"),
        ({"content": {}}, "app/main.py removed"),
        ({"args": {"VERSION": "1.3"}}, "ARG VERSION: 1.2 -> 1.3"),
        ({"args": {}}, "ARG VERSION: 1.2 -> (none)"),
        ({"args": {"VERSION": "1.2", "B": ""}}, "ARG B: (none) -> "),
        ({"args": {"VERSION": "x" * 50}}, f"ARG VERSION: 1.2 -> {'x' * 37}..."),
        ({"parent": "q"}, "cell above was rebuilt"),
        ({"platform": "linux/arm64"}, "platform: linux/amd64 -> linux/arm64"),
        ({"instruction": {"name": "COPY", "x": 1}}, "the instruction was edited"),
        (
            {"content": {"app/main.py": "1", **{f"f{n}": "1" for n in range(8)}}},
            "f0 added; f1 added; f2 added; f3 added; f4 added; and 3 files more",
        ),
        (
            {"parent": "q", "args": {"VERSION": "2"}},
            "ARG VERSION: 1.2 -> 2; cell above was rebuilt",
        ),
        (
            {"parent": "q", "args": {"B": "2"}, "instruction": {"name": "COPY", "x": 1}},
            "the instruction was edited; cell above was rebuilt",
        ),
        ({}, "first time"),
    ],
)
def test_miss_names_what_changed(changes: dict[str, Any], words: str) -> None:
    earlier = NearStep(json.loads(json.dumps(BASE.to_json())))
    verdict = miss_verdict(replace(BASE, **changes), earlier)
    assert (verdict.status, verdict.reason) == ("miss", words)
    assert verdict.changed == tuple(words.split("; "))


def test_image_that_changed_is_shown_by_its_short_ids() -> None:
    before = CacheKey("p", {}, content={"--from=build": "sha256:" + "a" * 64})
    after = CacheKey("p", {}, content={"--from=build": "sha256:" + "b" * 64})
    (words,) = map(str, after.changes_since(before.to_json()))
    assert words == f"--from=build: image {'a' * 12} -> {'b' * 12}"


def test_first_time_is_said_when_nothing_is_known() -> None:
    assert miss_verdict(BASE, None).changed == ("first time",)


def test_beside_another_cell_the_snapshot_above_is_another_one_and_nothing_was_rebuilt() -> None:
    verdict = miss_verdict(replace(BASE, parent="q"), NearStep(BASE.to_json(), of_other_cell=True))
    assert verdict.reason == "the snapshot above is another one"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (CacheKey("p", EMPTY), "Same parent, same instruction."),
        (CacheKey("", EMPTY, content={"busybox": "x"}), "Same image, same instruction."),
        (
            CacheKey("p", EMPTY, {"A": "1"}, {"a": "1", "b": "2"}),
            "Same parent, same instruction, same 2 files, same build args.",
        ),
        (CacheKey("p", EMPTY, content={"a": "1"}), "Same parent, same instruction, same file."),
        (
            CacheKey("p", EMPTY, content={"./": "dir", "a": "file 644 1", "b/": "dir 755 0:0"}),
            "Same parent, same instruction, same file.",
        ),
    ],
)
def test_hit_says_what_is_the_same(given: CacheKey, words: str) -> None:
    verdict = hit_verdict(given)
    assert verdict.status == "hit"
    assert verdict.reason == words
