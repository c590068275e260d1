"""What a command finds around itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dockernb.engines.embedded.guest import groups_here
from tests.functional.embedded.bench import PATH, Bench

NO_MOUNTS = {4, 5}


def test_environment_is_exactly_the_given_one_and_home(bench: Bench) -> None:
    ended = bench.run("env", "env", env={"PATH": PATH, "A": "1 2"})
    assert sorted(ended.lines) == ["A=1 2", "HOME=/root", f"PATH={PATH}"]


def test_environment_of_a_later_program_is_its_own(bench: Bench) -> None:
    ended = bench.run("export PWD=/; exec env", env={"PATH": PATH})
    assert "PWD=/" in ended.lines


def test_home_is_the_users_own(bench: Bench) -> None:
    ended = bench.run("echo $HOME", user="www-data")
    assert ended.out == "/var/www\n"


def test_given_home_stays(bench: Bench) -> None:
    assert bench.run("echo $HOME", env={"PATH": PATH, "HOME": "/x"}).out == "/x\n"


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ("", "0 0 0"),
        ("www-data", "33 33 33"),
        ("7", "7 0 0"),
        ("7:users", "7 100 100"),
        ("12:34", "12 34 34"),
        ("nobody", "65534 65534 65534"),
    ],
)
def test_user_of_the_command(bench: Bench, user: str, shown: str) -> None:
    assert bench.run("echo $(id -u) $(id -g) $(id -G)", user=user).out.strip() == shown


def test_unknown_user_is_an_error_that_names_it(bench: Bench) -> None:
    ended = bench.run("true", user="stranger")
    assert ended.result["kind"] == "EngineError"
    assert (
        "unable to find user stranger: no matching entries in passwd file"
        in (ended.result["error"])
    )


def test_user_makes_files_of_its_own(bench: Bench) -> None:
    ended = bench.run("cd /tmp; touch f; mkdir d; ln -s f l; stat -c %u:%g f d l", user="12:34")
    assert ended.lines == ["12:34"] * 3


def test_user_is_refused_what_is_roots(bench: Bench) -> None:
    ended = bench.run("touch /etc/x || cat /etc/shadow || echo no", user="33:33")
    assert ended.out == "no\n"
    assert ended.err.count("Permission denied") == 2


def test_working_directory(bench: Bench) -> None:
    assert bench.run("pwd", working_dir="/usr/bin").out == "/usr/bin\n"


def test_missing_working_directory_is_an_error(bench: Bench) -> None:
    ended = bench.run("pwd", working_dir="/none")
    assert 'entering the working directory "/none": No such file' in ended.result["error"]


def test_stdin_is_empty(bench: Bench) -> None:
    assert bench.run("cat; echo end").out == "end\n"


def test_no_descriptor_is_inherited(bench: Bench) -> None:
    # 10 and more are the shell's own.
    command = "for n in 3 4 5 6 7 8 9; do (true >&$n) 2> /dev/null && echo $n; done; true"
    assert bench.run(command).out == ""


def test_umask_is_dockers(bench: Bench) -> None:
    assert bench.run("umask").out == "0022\n"


def test_no_signal_is_ignored(bench: Bench) -> None:
    # `yes` ends by SIGPIPE; with the signal ignored, as Python has it, it would complain.
    ended = bench.run("yes | head -1; kill -TERM $$; echo alive")
    assert ended.err == ""


def test_hosts_and_resolver_are_there_and_not_in_the_tree(bench: Bench) -> None:
    ended = bench.run("cat /etc/hosts; ls /etc/resolv.conf", hosts={"db.example": "10.1.2.3"})
    assert ended.lines[0].startswith("127.0.0.1\tlocalhost ")
    assert "10.1.2.3\tdb.example" in ended.lines
    assert ended.lines[-1] == "/etc/resolv.conf"
    assert not (bench.changed / "etc/hosts").exists()
    assert not (bench.changed / "etc/resolv.conf").exists()


def test_images_own_hosts_file_is_unchanged(bench: Bench) -> None:
    first = bench.command("true")
    second = bench.command("cat /etc/hosts > /tmp/seen")
    path = bench.tree / "etc/hosts" if bench.rung in {1, 2} else bench.root / "etc/hosts"
    path.write_text("the image's\n")
    os.utime(path, ns=(10**18, 10**18))
    try:
        bench.finish(bench.start(first, second))
        assert path.read_text() == "the image's\n"
        assert path.stat().st_mtime_ns == 10**18
        assert "localhost" in (bench.changed / "tmp/seen").read_text()
    finally:
        path.unlink()


def test_hosts_cannot_be_written(user_bench: Bench) -> None:
    ended = user_bench.run("echo x >> /etc/hosts")
    if user_bench.rung == 6:  # a file in the tree, which is taken out again
        assert ended.exit_code == 0
        return
    assert "Read-only file system" in ended.err


def test_nothing_is_left_in_the_tree(bench: Bench) -> None:
    before = bench.tree.joinpath("etc").stat().st_mtime_ns
    ended = bench.run("true")
    assert ended.result["left_stubs"] == []
    for name in ("dev", "proc", "sys"):
        folder = bench.changed / name
        assert not folder.exists() or list(folder.iterdir()) == []
    etc = bench.changed / "etc"
    assert not etc.exists() or etc.stat().st_mtime_ns == before


def test_stub_that_was_filled_stays_and_is_reported(bench: Bench) -> None:
    mount = {"kind": "tmpfs", "target": "/made/by/mount"}
    ended = bench.run("touch /made/kept", mounts=[mount])
    assert ended.result["left_stubs"] == ["/made"]


def test_devices(bench: Bench) -> None:
    ended = bench.run("echo x > /dev/null; head -c 3 /dev/zero | wc -c; ls /dev")
    assert ended.lines[0] == "3"
    assert set(ended.lines[1:]) >= {
        "fd", "full", "null", "ptmx", "random", "shm", "stderr", "stdin", "stdout", "tty",
        "urandom", "zero",
    }  # fmt: skip


def test_main_process_is_number_one_where_proc_can_be_mounted(mount_bench: Bench) -> None:
    assert mount_bench.run("echo $$; ls /proc | grep -c '^[0-9]'").lines == ["1", "3"]


def test_capabilities_are_dockers(bench: Bench) -> None:
    if bench.rung == 5:  # its /proc is empty
        assert bench.run("cat /proc/self/status").exit_code == 1
        return
    if bench.rung == 6:  # /proc shows what the process really has; capget(2) says Docker's
        assert "0000000000000000" in bench.run("grep CapEff /proc/self/status").out
        return
    assert "00000000a80425fb" in bench.run("grep CapEff /proc/self/status").out


def test_network_none_has_loopback_only(bench: Bench) -> None:
    ended = bench.run("cat /sys/class/net/lo/flags; ip link | grep -c UP", network="none")
    if bench.rung == 6:  # of an ordinary user, who has no namespaces
        assert ended.result["kind"] == "UnsupportedByEngineError"
        return
    assert ended.lines[-1] == "1"


def test_missing_command_is_127(bench: Bench) -> None:
    ended = bench.run("nosuch", "argument")
    assert (ended.exit_code, ended.err) == (
        127,
        'exec: "nosuch": executable file not found in $PATH\n',
    )


def test_command_that_is_not_executable_is_126(bench: Bench) -> None:
    ended = bench.run("/etc/passwd", "argument")
    assert ended.exit_code == 126
    assert "permission denied" in ended.err


def test_signal_gives_128_more(bench: Bench) -> None:
    assert bench.run("sh -c 'kill -9 $$'; exit $?").exit_code == 137


def test_two_commands_one_after_the_other(bench: Bench) -> None:
    first, second = bench.finish(
        bench.start(bench.command("echo 1 > /tmp/x"), bench.command("cat /tmp/x; exit 4"))
    )
    assert (first.exit_code, second.exit_code, second.out) == (0, 4, "1\n")


def test_more_memory_than_the_limit_is_not_to_be_had(bench: Bench) -> None:
    greedy = "head -c 200000000 /dev/zero | tail -c 190000000 >/dev/null && echo had it"
    ended = bench.run(f"{greedy}; ulimit -d", limits={"memory": 64 << 20})
    by_group = not bench.is_user and "memory" in groups_here()
    assert ended.out == ("unlimited\n" if by_group else f"{64 << 10}\n")


def test_a_low_port_that_is_refused_is_told(user_bench: Bench) -> None:
    """Of root outside, and in a network of its own, it is not."""
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    ended = user_bench.run(f"nc -l -p {first - 1} -w 1")
    if first > 1:
        assert ended.exit_code != 0
        assert [text.split(":")[0] for text in ended.result["warnings"]] == [
            f"port {first - 1} could not be bound"
        ]
    assert user_bench.run("nc -l -p 61001 -w 1").result["warnings"] == []
