"""A check file is read strictly: a teacher is told what is wrong, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.checks.document import Document
from dockernb.checks.exercise import Exercise, find_exercise, parse_exercise
from dockernb.checks.file_rule import FileRule
from dockernb.checks.match import Match
from dockernb.checks.run_rule import RunRule
from dockernb.checks.start_rule import StartRule
from dockernb.errors import CheckFileError

HEAD = 'title = "T"\n'
WORDS = 'name = "n"\nsays = "s"\nmissing = "m"\nhints = ["h"]\n'


def read(rule: str, words: str = WORDS, head: str = HEAD) -> Exercise:
    return parse_exercise("x", Document("checks/x.toml", f"{head}\n[[expect]]\n{words}{rule}\n"))


def test_all_of_an_expectation_is_read() -> None:
    exercise = read(
        'points = 3\nfile.path = "/a"\nfile.mode = "0644"\n'
        '[[expect.mistake]]\nfile.path = "/b"\nmissing = "other"\nhints = ["one", "two"]\n'
    )
    (expectation,) = exercise.expectations
    assert expectation.rule == FileRule("/a", mode=Match("is", ("0644",)))
    assert (expectation.points, expectation.says, expectation.hints) == (3, "s", ("h",))
    (mistake,) = expectation.mistakes
    assert (mistake.rule, mistake.missing) == (FileRule("/b"), "other")
    assert mistake.hints == ("one", "two")


def test_text_commands_go_to_a_shell_and_lists_do_not() -> None:
    rule = read('run.command = "exit 1"').expectations[0].rule
    assert isinstance(rule, RunRule)
    assert rule.command == ("/bin/sh", "-c", "exit 1")
    rule = read('run.command = ["false"]\nrun.within = "500 ms"').expectations[0].rule
    assert isinstance(rule, RunRule)
    assert (rule.command, rule.within) == (("false",), 0.5)


def test_a_health_check_can_be_the_probe() -> None:
    rule = read('start.healthcheck = true\nstart.stops_within = "1 min"').expectations[0].rule
    assert isinstance(rule, StartRule)
    assert (rule.probe, rule.stops_within) == (None, 60.0)


@pytest.mark.parametrize(
    ("rule", "line", "words"),
    [
        ('file.pth = "/a"', 8, '"expect.file.path" is missing; "pth" stands there'),
        ('file.path = "/a"\nfile.mod = "0644"', 9, "(did you mean mode?)"),
        ('file.path = "a"', 8, 'must begin with "/"'),
        ('file.path = "/a"\nfile.exists = false\nfile.mode = "1"', 9, "has no other conditions"),
        ('file.path = "/a"\nfile.type = "link"', 9, "one of file, dir, symlink"),
        ('file.path = "/a"\nfile.content = { matches = "(" }', 9, "the pattern of"),
        ('file.path = "/a"\nfile.content = { match = "x" }', 9, "unknown condition"),
        ('file.path = "/a"\nfile.content = { set = 1 }', 9, "`set = true`"),
        ('config.usr = "x"', 8, "a condition on the config is missing"),
        ('config.user = "x"\nconfig.cmnd = ["x"]', 9, "(did you mean cmd?)"),
        ('config.env.PORT = true', 8, '"expect.config.env.PORT" must be'),
        ('image.size_below = "50 mb"', 8, 'a size such as "50 MB"'),
        ('image.layers_at_most = -1', 8, "a whole number"),
        ('history.order = ["a"]', 8, "two patterns or more"),
        ('run.user = "x"', 8, "exactly one of command, start, args, healthcheck"),
        ('start.within = "1 s"', 8, "exactly one of probe, healthcheck"),
        ('start.probe = "x"\nstart.within = "soon"', 9, 'a time such as "3 s"'),
        ("secret.text = 1", 8, '"expect.secret.text" must be a text'),
        ('file.path = "/a"\nimage.size_below = "1 B"', 3, "two rules"),
        ('fil.path = "/a"', 3, "(did you mean file?)"),
        ('file.path = "/a"\nneeds = ["m"]', 9, 'no expectation "m" stands above'),
        ('file.path = "/a"\npoint = 1', 9, "(did you mean points?)"),
        ('file.path = "/a', 8, "no TOML"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(rule: str, line: int, words: str) -> None:
    with pytest.raises(CheckFileError) as caught:
        read(rule)
    assert words in caught.value.message
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.label) == (line, "checks/x.toml")


@pytest.mark.parametrize("key", ["name", "says", "missing", "hints"])
def test_every_expectation_has_its_words(key: str) -> None:
    words = "".join(f"{line}\n" for line in WORDS.splitlines() if not line.startswith(key))
    with pytest.raises(CheckFileError, match=key):
        read('file.path = "/a"', words)


def test_two_expectations_need_two_names() -> None:
    with pytest.raises(CheckFileError, match='two expectations "n"'):
        read(f'file.path = "/a"\n[[expect]]\n{WORDS}file.path = "/b"')


def test_a_file_without_expectations_is_refused() -> None:
    with pytest.raises(CheckFileError, match="has no"):
        parse_exercise("x", Document("checks/x.toml", HEAD))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", "A", "", ".", "x.toml"])
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckFileError, match="no name of an exercise"):
        find_exercise(tmp_path, name)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out.toml").write_text(HEAD)
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "out.toml").symlink_to(tmp_path / "out.toml")
    with pytest.raises(CheckFileError, match="no name of an exercise"):
        find_exercise(tmp_path / "checks", "out")


def test_an_unknown_exercise_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "hello.toml").write_text(HEAD)
    with pytest.raises(CheckFileError, match=r"\(did you mean hello\?\)") as caught:
        find_exercise(tmp_path, "helo")
    assert caught.value.hint == "exercises here: hello"
