"""COPY from the build context: what lands where, with which mode and owner.

What is expected here was seen with BuildKit 0.13; tests/differential compares with it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest, InlineFile
from dockernb.build.copying import collect_from_context, make_directory
from dockernb.errors import BuildError, DockerfileError, NotInBuildContextError

from .fake_container import FakeContainer, Node, directory, file, link


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "a.txt": "a", "b.txt": "b", "src/a.txt": "sa", "src/sub/b.txt": "sb", "src/sub/deep/c": "c",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def copy(
    root: Path, *sources: str, to: str, image: dict[str, Node] | None = None, **options: Any
) -> FakeContainer:
    container = FakeContainer(image)
    request = CopyRequest(sources=sources, destination=to, **options)
    collect_from_context(request, BuildContext(root)).apply(container, request)
    return container


def test_directory_gives_its_contents(root: Path) -> None:
    made = copy(root, "src", to="/dest")
    assert made.texts("/dest") == {"a.txt": "sa", "sub/b.txt": "sb", "sub/deep/c": "c"}


@pytest.mark.parametrize(
    ("to", "path"),
    [("/new", "/new"), ("/new/", "/new/a.txt"), ("/new/.", "/new/a.txt"), ("/", "/a.txt"),
     ("x//y/../z", "/work/x/z"), ("../up", "/up"), (".", "/work"), ("/etc", "/etc/a.txt")],
)  # fmt: skip
def test_file_lands_at(root: Path, to: str, path: str) -> None:
    made = copy(root, "a.txt", to=to, working_dir="/work", image={"/etc": directory()})
    assert made.nodes[path] == file("a")


def test_missing_directories_are_0755_of_root_whatever_the_source_has(root: Path) -> None:
    (root / "src").chmod(0o700)
    made = copy(root, "src", to="/x/y")
    assert made.nodes["/x"] == made.nodes["/x/y"] == directory()


def test_existing_destination_directory_stays_as_it_is(root: Path) -> None:
    made = copy(root, "src", "a.txt", to="/tmp", image={"/tmp": directory(0o1777, (7, 8))})
    assert made.nodes["/tmp"] == directory(0o1777, (7, 8))


def test_existing_directories_below_it_get_the_mode_and_owner_of_the_source(root: Path) -> None:
    (root / "src/sub").chmod(0o2750)
    made = copy(root, "src", to="/d", image={"/d/sub": directory(0o700, (7, 8))})
    assert made.nodes["/d/sub"] == directory(0o2750)


def test_modes_are_kept_and_owners_are_root(root: Path) -> None:
    (root / "a.txt").chmod(0o6711)
    assert copy(root, "a.txt", to="/f").nodes["/f"] == file("a", 0o6711)


def test_the_time_of_the_source_is_kept(root: Path) -> None:
    os.utime(root / "a.txt", (1, 1_500_000_000))
    assert copy(root, "a.txt", to="/f").nodes["/f"].mtime == 1_500_000_000


def test_links_of_the_destination_are_followed_inside_the_container(root: Path) -> None:
    image = {"/link": link("../../real"), "/real": directory(), "/file": link("/real/f")}
    made = copy(root, "a.txt", to="/link/", image=image)
    assert made.nodes["/real/a.txt"] == file("a")
    made = copy(root, "a.txt", to="/file", image=image)
    assert made.nodes["/real/f"] == file("a")
    assert made.nodes["/file"].type == "symlink"


def test_links_below_the_destination_are_replaced(root: Path) -> None:
    image = {"/target": file("old"), "/d/a.txt": link("/target")}
    made = copy(root, "src", to="/d", image=image)
    assert made.nodes["/d/a.txt"] == file("sa")
    assert made.nodes["/target"] == file("old")


@pytest.mark.parametrize(
    ("sources", "to", "image"),
    [
        (["src"], "/d", {"/d": file()}),
        (["src"], "/d", {"/d/sub": file()}),
        (["src"], "/d", {"/d/sub": link("/other"), "/other": directory()}),
        (["src"], "/d", {"/d/a.txt": directory()}),
        (["a.txt"], "/f/", {"/f": file()}),
        (["a.txt"], "/f/x", {"/f": file()}),
        (["a.txt"], "/loop/x", {"/loop": link("/loop")}),
        (["a.txt", "src"], "/new", {}),
    ],
)
def test_what_is_in_the_way_is_an_error_and_nothing_is_written(
    root: Path, sources: list[str], to: str, image: dict[str, Node]
) -> None:
    container = FakeContainer(image)
    before = dict(container.nodes)
    request = CopyRequest(sources=tuple(sources), destination=to)
    source = collect_from_context(request, BuildContext(root))
    with pytest.raises(BuildError):
        source.apply(container, request)
    assert container.nodes == before


def test_a_link_that_is_a_source_is_followed_and_keeps_its_name(root: Path) -> None:
    (root / "link").symlink_to("src/a.txt")
    assert copy(root, "link", to="/d/").texts("/d") == {"link": "sa"}


def test_links_inside_a_directory_stay_links(root: Path) -> None:
    (root / "src/abs").symlink_to("/etc/passwd")
    assert copy(root, "src", to="/d").nodes["/d/abs"] == link("/etc/passwd")


def test_wildcards_stop_at_a_slash(root: Path) -> None:
    assert copy(root, "*.txt", to="/d/").texts("/d") == {"a.txt": "a", "b.txt": "b"}
    assert copy(root, "s*/s*", to="/d/").texts("/d") == {"b.txt": "sb", "deep/c": "c"}
    assert copy(root, "**/c", to="/d/").listing() == {}


def test_a_wildcard_without_match_writes_nothing(root: Path) -> None:
    assert copy(root, "*.none", to="/d/").listing() == {}


def test_a_wildcard_below_a_missing_directory_is_an_error(root: Path) -> None:
    with pytest.raises(NotInBuildContextError):
        copy(root, "none/*", to="/d/")


def test_later_sources_win(root: Path) -> None:
    assert copy(root, "a.txt", "src/a.txt", to="/d/").texts("/d") == {"a.txt": "sa"}
    assert copy(root, "a.txt", "b.txt", to="/new").texts("/") == {"new": "b"}


def test_heredocs_come_last_and_are_0644(root: Path) -> None:
    heredocs = (InlineFile("EOF", b"one\n"), InlineFile("b.txt", b"two\n"))
    made = copy(root, "b.txt", to="/d/", heredocs=heredocs)
    assert made.texts("/d") == {"EOF": "one\n", "b.txt": "two\n"}
    assert made.nodes["/d/EOF"].mode == 0o644


def test_hard_links_stay_together(root: Path) -> None:
    os.link(root / "src/a.txt", root / "src/z.txt")
    assert copy(root, "src", to="/d").texts("/d")["z.txt"] == "sa"


def test_fifos_are_kept_and_sockets_become_empty_files(root: Path) -> None:
    os.mkfifo(root / "src/pipe", 0o600)
    os.mknod(root / "src/sock", 0o140755)
    made = copy(root, "src", to="/d")
    assert made.nodes["/d/pipe"] == Node("fifo", 0o600)
    assert made.nodes["/d/sock"].type == "file"


PASSWD = {
    "/etc/passwd": file("root:x:0:0::/:\nann:x:1234:1300::/:\n"),
    "/etc/group": file("root:x:0:\nstaff:x:4321:ann\n"),
}


@pytest.mark.parametrize(
    ("chown", "owner"),
    [("55", (55, 55)), ("55:66", (55, 66)), ("ann", (1234, 1300)), ("ann:staff", (1234, 4321)),
     ("ann:7", (1234, 7)), ("9:staff", (9, 4321)), (":staff", (0, 4321)), ("1234", (1234, 1234))],
)  # fmt: skip
def test_chown_gives_ids_to_all_that_is_made(
    root: Path, chown: str, owner: tuple[int, int]
) -> None:
    made = copy(root, "src", to="/x/y", chown=chown, image=PASSWD)
    assert {node.owner for path, node in made.nodes.items() if path.startswith("/x")} == {owner}


@pytest.mark.parametrize(
    ("chown", "owner"), [("eve", (0, 0)), ("eve:7", (0, 7)), ("55:none", (55, 55))]
)
def test_chown_of_an_unknown_name_does_as_docker_build_and_warns(
    root: Path, chown: str, owner: tuple[int, int]
) -> None:
    container = FakeContainer(PASSWD)
    request = CopyRequest(sources=("a.txt",), destination="/x", chown=chown)
    warnings = collect_from_context(request, BuildContext(root)).apply(container, request)
    assert container.nodes["/x"].owner == owner
    assert len(warnings) == 1
    assert "/etc/" in warnings[0]


def test_chmod_is_for_files_and_directories_but_not_for_links_and_the_top(root: Path) -> None:
    (root / "src/link").symlink_to("a.txt")
    made = copy(root, "src", to="/d", chmod="4711")
    assert made.nodes["/d"].mode == 0o755
    assert made.nodes["/d/sub"].mode == made.nodes["/d/a.txt"].mode == 0o4711
    assert made.nodes["/d/link"].mode == 0o777


@pytest.mark.parametrize("chmod", ["999", "u=z", "u+x;g-r", "0o755", "27755", "x", "u", "7" * 5000])
def test_a_chmod_that_means_nothing_is_refused(root: Path, chmod: str) -> None:
    with pytest.raises(DockerfileError, match="chmod"):
        copy(root, "a.txt", to="/f", chmod=chmod)


@pytest.mark.parametrize(
    ("chmod", "mode"),
    [
        ("4711", 0o4711),
        ("0", 0),
        ("u+x", 0o740),
        ("+x,g=o", 0o711),
        ("go=u-w", 0o644),
        ("a=rX", 0o444),
        ("ug+s,o+t", 0o6640),
        ("a+t", 0o1640),
    ],
)
def test_chmod_sets_or_changes_a_mode(root: Path, chmod: str, mode: int) -> None:
    (root / "a.txt").chmod(0o640)
    assert copy(root, "a.txt", to="/f", chmod=chmod).nodes["/f"].mode == mode


def test_exclude_leaves_out_what_it_matches_below_a_source(root: Path) -> None:
    made = copy(root, "src", to="/d", excludes=("sub/deep", "a.*"))
    assert made.texts("/d") == {"sub/b.txt": "sb"}
    named = copy(root, "*.txt", to="/d/", excludes=("a*",)).texts("/d")
    assert "a.txt" in named  # what a source names itself is copied, in BuildKit 0.25


def test_exclude_can_take_files_in_again(root: Path) -> None:
    made = copy(root, "src", to="/d", excludes=("sub", "!sub/deep"))
    assert made.texts("/d") == {"a.txt": "sa", "sub/deep/c": "c"}


def test_parents_keeps_the_directories_of_the_source(root: Path) -> None:
    made = copy(root, "src/sub/b.txt", "a.txt", to="/d/", parents=True)
    assert made.texts("/d") == {"src/sub/b.txt": "sb", "a.txt": "a"}


def test_parents_keeps_what_stands_behind_the_pivot(root: Path) -> None:
    made = copy(root, "src/./sub/b.txt", to="/d/", parents=True)
    assert made.texts("/d") == {"sub/b.txt": "sb"}
    made = copy(root, "./src/./**/c", to="/d/", parents=True)
    assert made.texts("/d") == {"sub/deep/c": "c"}


def test_parents_of_a_missing_plain_source_is_an_error(root: Path) -> None:
    with pytest.raises(NotInBuildContextError):
        copy(root, "src/none", to="/d/", parents=True)


def test_a_destination_full_of_files_is_asked_for_once(root: Path) -> None:
    image = {f"/d/{number}": file("old") for number in range(200)}
    for number in range(200):
        (root / "src" / str(number)).write_text("new")
    made = copy(root, "src", to="/d", image=image)
    assert made.nodes["/d/150"] == file("new")
    assert made.stats < 10


def test_copy_refuses_urls_and_repositories(root: Path) -> None:
    for source in ("http://host/f", "https://host/repo.git", "git@host:repo.git"):
        with pytest.raises(DockerfileError, match="COPY cannot take"):
            copy(root, source, to="/d/")


def test_workdir_makes_missing_directories_for_its_user() -> None:
    container = FakeContainer({**PASSWD, "/srv": directory(0o700), "/l": link("/srv")})
    make_directory(container, "/l/app/x", "ann")
    assert container.nodes["/srv"] == directory(0o700)
    assert container.nodes["/srv/app"] == container.nodes["/srv/app/x"]
    assert container.nodes["/srv/app"] == directory(0o755, (1234, 1300))
