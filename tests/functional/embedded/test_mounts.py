"""Mounts of a RUN: there while it runs, gone after it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.functional.embedded.bench import STRANGER, Bench, content


@pytest.fixture
def host_folder(bench: Bench) -> Path:
    """A folder of the host with one file, of the rung's user, on the bench's disk."""
    folder = bench.folder / "host"
    folder.mkdir()
    (folder / "file").write_text("from the host\n")
    if bench.is_user:
        for path in (folder, folder / "file"):
            os.chown(path, STRANGER, STRANGER)
    return folder


def bind(folder: Path, target: str = "/mnt/bind", **fields: object) -> dict:
    return {"kind": "bind", "source": str(folder), "target": target, **fields}


def gone(bench: Bench, path: str) -> bool:
    return not os.path.lexists(bench.changed / path.lstrip("/"))


def test_written_bind_is_kept_by_the_host(bench: Bench, host_folder: Path) -> None:
    ended = bench.run("cat /mnt/bind/file; echo new > /mnt/bind/new", mounts=[bind(host_folder)])
    assert ended.out == "from the host\n"
    assert (host_folder / "new").read_text() == "new\n"
    assert gone(bench, "/mnt")


def test_read_only_bind_leaves_the_host_alone(bench: Bench, host_folder: Path) -> None:
    mounts = [bind(host_folder, read_only=True)]
    ended = bench.run("cat /mnt/bind/file; echo new > /mnt/bind/new", mounts=mounts)
    assert ended.out == "from the host\n"
    assert sorted(os.listdir(host_folder)) == ["file"]
    assert gone(bench, "/mnt")
    if bench.rung in {1, 2, 3}:
        assert "Read-only file system" in ended.err


def test_bind_of_a_file(bench: Bench, host_folder: Path) -> None:
    mounts = [bind(host_folder / "file", "/etc/one", read_only=True)]
    assert bench.run("cat /etc/one", mounts=mounts).out == "from the host\n"
    assert gone(bench, "/etc/one")


def test_bind_hides_what_the_image_has_there(bench: Bench, host_folder: Path) -> None:
    ended = bench.run("ls /usr/bin", mounts=[bind(host_folder, "/var/www")])
    ended = bench.run("ls /var/www; ls /var", mounts=[bind(host_folder, "/var")])
    assert ended.lines[-1] == "file"
    assert "www" in bench.run("ls /var").lines


def test_owner_in_a_cache_lives_on(bench: Bench, host_folder: Path) -> None:
    mounts = [bind(host_folder)]
    first = bench.command("chown 5:6 /mnt/bind/file", mounts=mounts)
    second = bench.command("stat -c %u:%g /mnt/bind/file", mounts=mounts)
    assert bench.finish(bench.start(first, second))[1].out == "5:6\n"


def test_tmpfs_is_empty_and_gone(bench: Bench) -> None:
    mounts = [{"kind": "tmpfs", "target": "/var/www"}]
    first = bench.command("touch /var/www/kept")
    second = bench.command("ls /var/www; touch /var/www/lost; stat -c %a /var/www", mounts=mounts)
    third = bench.command("ls /var/www")
    assert bench.finish(bench.start(first, second, third))[0].lines == ["1777", "kept"]


def test_script_is_executable(bench: Bench) -> None:
    script = {
        "kind": "file",
        "target": "/dev/pipes/EOF",
        "content": content("#!/bin/sh\necho run\n"),
        "mode": 0o755,
    }
    assert bench.run("/dev/pipes/EOF", "x", mounts=[script]).out == "run\n"
    assert gone(bench, "/dev/pipes")


def test_secret_is_readable_by_root_only(bench: Bench) -> None:
    secret = {"kind": "secret", "target": "/run/secrets/it", "content": content("word\n")}
    command = "cat /run/secrets/it; stat -c %a:%u /run/secrets/it"
    ended = bench.run(command, mounts=[secret])
    if bench.rung == 5:
        assert ended.result["kind"] == "UnsupportedByEngineError"
        return
    assert ended.lines == ["word", "400:0"]
    assert gone(bench, "/run")
    ended = bench.run("cat /run/secrets/it", mounts=[secret], user="33:33")
    assert "Permission denied" in ended.err


def test_secret_for_a_user(user_bench: Bench) -> None:
    secret = {"kind": "secret", "target": "/s", "content": content("word\n"), "uid": 33}
    ended = user_bench.run("cat /s; stat -c %u /s", mounts=[secret], user="33:33")
    assert ended.lines == ["word", "33"]


def test_secret_never_touches_the_disk(bench: Bench) -> None:
    secret = {"kind": "secret", "target": "/s", "content": content("needle-in-memory\n")}
    process = bench.start(bench.command("cat /s; echo; sleep 60", mounts=[secret]))
    if bench.rung != 5:
        assert process.stdout.readline() == b"needle-in-memory\n"
        for folder, _, names in os.walk(bench.folder):
            for name in names:
                path = Path(folder, name)
                if path.is_file() and not name.startswith("spec-"):
                    assert b"needle-in-memory" not in path.read_bytes()
    process.stdin.close()
    process.stdin = open(os.devnull)  # noqa: SIM115 (closed by finish)
    bench.finish(process)


def test_target_is_resolved_inside_the_root(bench: Bench, host_folder: Path) -> None:
    first = bench.command("ln -s /var/www /link; ln -s ../../../../../../etc /usr/up")
    second = bench.command("cat /var/www/in/file", mounts=[bind(host_folder, "/link/in")])
    third = bench.command("cat /etc/in/file", mounts=[bind(host_folder, "/usr/up/in")])
    ended = bench.finish(bench.start(first, second, third))
    assert [one.exit_code for one in ended] == [0, 0, 0], ended
    assert ended[0].out == "from the host\n" * 2
    assert not Path("/etc/in").exists()
