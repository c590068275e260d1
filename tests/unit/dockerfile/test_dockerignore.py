from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.dockerfile import DockerIgnore
from dockernb.errors import DockerfileSyntaxError

_PARTS = st.sampled_from(["a", "b", "ab", "*", "?", "**", "a*", "*b", "[ab]", "!", "."])
_PATTERNS = st.lists(
    st.tuples(st.sampled_from(["", "!"]), st.lists(_PARTS, min_size=1, max_size=3)).map(
        lambda pair: pair[0] + "/".join(pair[1])
    ),
    max_size=5,
)
_PATHS = st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4).map("/".join)


def test_last_match_wins() -> None:
    ignore = DockerIgnore.parse("*.log\n!keep.log\n")
    assert ignore.excludes("a.log")
    assert not ignore.excludes("keep.log")


def test_directory_takes_all_below_it_out() -> None:
    ignore = DockerIgnore.parse("node_modules\n")
    assert ignore.excludes("node_modules/a/b.js")
    assert not ignore.excludes("src/node_modules/a.js")


def test_no_patterns_exclude_nothing() -> None:
    assert not DockerIgnore.parse("# nothing\n\n").excludes("a")


def test_deciding_line_is_the_last_one_that_counts() -> None:
    ignore = DockerIgnore.parse("# tests\n*.py\n\n!app.py\napp*\n*.txt\n")
    assert ignore.deciding_line("app.py") == (5, "app*")
    assert ignore.deciding_line("other.py") == (2, "*.py")
    assert ignore.deciding_line("app/deep/x.c") == (5, "app*")
    assert ignore.deciding_line("readme.md") is None


def test_walk_may_skip_what_no_exception_reaches() -> None:
    ignore = DockerIgnore.parse("docs\nbuild\n!docs/api/index.md\n")
    assert ignore.may_reinclude_below("docs")
    assert ignore.may_reinclude_below("docs/api")
    assert not ignore.may_reinclude_below("docs/other")
    assert not ignore.may_reinclude_below("build")


@given(_PATTERNS, _PATHS)
def test_pruned_walk_finds_the_same_files(patterns: list[str], path: str) -> None:
    try:
        ignore = DockerIgnore.from_patterns(patterns)
    except DockerfileSyntaxError:
        return
    parts = path.split("/")
    parents = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    pruned = any(ignore.excludes(up) and not ignore.may_reinclude_below(up) for up in parents)
    if pruned:
        assert ignore.excludes(path)


@given(_PATTERNS, _PATHS)
def test_deciding_line_is_there_for_what_is_out(patterns: list[str], path: str) -> None:
    try:
        ignore = DockerIgnore.from_patterns(patterns)
    except DockerfileSyntaxError:
        return
    assert (ignore.deciding_line(path) is not None) == ignore.excludes(path)


def test_wrong_pattern_is_refused_with_its_line() -> None:
    with pytest.raises(DockerfileSyntaxError) as caught:
        DockerIgnore.parse("a\n\nb[\n")
    error = caught.value
    assert error.message == 'invalid ignore pattern "b[": syntax error in pattern'
    assert error.where is not None
    assert (error.where.line, error.where.label) == (3, ".dockerignore")
    assert error.hint


def test_exception_without_a_path_is_refused() -> None:
    with pytest.raises(DockerfileSyntaxError, match="illegal exclusion pattern"):
        DockerIgnore.parse("!\n")
