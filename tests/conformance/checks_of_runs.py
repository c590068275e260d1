"""Promises about running a command: its surroundings, output, end and mounts."""

from __future__ import annotations

import io
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dockernb.build.source_entry import OpenedBy
from dockernb.build.tar_stream import TarEntry, tar_stream
from dockernb.engines.base import ContainerSpec, Mount
from dockernb.errors import (
    BuildInterruptedError,
    DockernbError,
    UnsupportedByEngineError,
)
from tests.conformance.bench import Bench, next_config, run, shell


def check_info_is_stable(bench: Bench) -> None:
    info = bench.engine.info()
    assert info == bench.engine.info()
    assert info.name
    assert info.identity
    assert info.version
    assert info.platform.os == "linux"


def check_output_and_exit_code(bench: Bench) -> None:
    script = "echo out; echo err >&2; printf 'no newline \\377'; exit 3"
    with bench.engine.create(bench.base.id, shell(script)) as container:
        output: list[bytes] = []
        assert container.run(output.append, threading.Event()) == 3
    text = b"".join(output)
    for part in (b"out\n", b"err\n", b"no newline \xff"):  # two pipes: in whatever order
        assert part in text
        text = text.replace(part, b"")
    assert text == b""


def check_output_comes_while_it_runs(bench: Bench) -> None:
    """The command waits for ten minutes after its first line; only the line lets the test end."""
    cancel = threading.Event()

    def on_output(data: bytes) -> None:
        assert data == b"first\n"
        cancel.set()

    with (
        bench.engine.create(bench.base.id, shell("echo first; sleep 600")) as container,
        pytest.raises(BuildInterruptedError),
    ):
        container.run(on_output, cancel)


def check_interrupt_within_two_seconds(bench: Bench) -> None:
    """Also of a shell that ignores every signal it can."""
    cancel = threading.Event()
    at = 0.0

    def on_output(data: bytes) -> None:
        nonlocal at
        at = time.monotonic()
        cancel.set()

    script = "trap '' INT TERM HUP; echo ready; while :; do sleep 600; done"
    with (
        bench.engine.create(bench.base.id, shell(script)) as container,
        pytest.raises(BuildInterruptedError),
    ):
        container.run(on_output, cancel)
    assert time.monotonic() - at < 2


def check_interrupt_before_the_start(bench: Bench) -> None:
    cancel = threading.Event()
    cancel.set()
    with (
        bench.engine.create(bench.base.id, shell("sleep 600")) as container,
        pytest.raises(BuildInterruptedError),
    ):
        container.run(lambda _: None, cancel)


def check_output_closed_before_the_end(bench: Bench) -> None:
    with bench.engine.create(bench.base.id, shell("exec >&- 2>&-; sleep 0.3; exit 9")) as container:
        assert run(container) == (9, "")


def check_much_output_arrives_whole(bench: Bench) -> None:
    script = "i=0; while [ $i -lt 200 ]; do cat /bin/sh; i=$((i+1)); done | head -c 50000000"
    length = 0

    def on_output(data: bytes) -> None:
        nonlocal length
        length += len(data)

    with bench.engine.create(bench.base.id, shell(script)) as container:
        assert container.run(on_output, threading.Event()) == 0
    assert length == 50_000_000


def check_command_not_found_is_127(bench: Bench) -> None:
    with bench.engine.create(bench.base.id, ContainerSpec(command=("/no/such",))) as container:
        code, output = run(container)
    assert code == 127
    assert "/no/such" in output


def check_command_not_executable_is_126(bench: Bench) -> None:
    with bench.engine.create(bench.base.id, ContainerSpec(command=("/etc/passwd",))) as container:
        code, output = run(container)
    assert code == 126
    assert "/etc/passwd" in output


def check_unknown_user_is_named(bench: Bench) -> None:
    with (
        bench.engine.create(bench.base.id, shell("true", user="stranger")) as container,
        pytest.raises(DockernbError, match="stranger"),
    ):
        run(container)


def check_environment_is_the_given_one(bench: Bench) -> None:
    """Nothing of the image's Env and nothing of the engine's own gets in."""
    config = next_config(bench.base, "ENV", layer=False).with_runtime(
        env=("LEAK=image", "KEEP=image", "PATH=/leak"),
        user="7",
        cmd=("leak",),
        entrypoint=("leak",),
    )
    with bench.engine.create(bench.base.id, ContainerSpec()) as container:
        parent = bench.commit(container, config, layer=False)
    env = {"KEEP": "own", "EMPTY": "", "ODD": "a=b c\nd"}
    spec = ContainerSpec(command=("/bin/busybox", "env", "-0"), env=env, network="none")
    with bench.engine.create(parent.id, spec) as container:
        code, output = run(container)
    assert code == 0
    found = dict(item.split("=", 1) for item in output.split("\0") if item)
    assert found.pop("HOME", "/root") == "/root"  # the runtime's own, in BuildKit as well
    assert found == env


def check_user_of_the_image_does_not_count(bench: Bench) -> None:
    config = next_config(bench.base, "USER 7", layer=False).with_runtime(user="7")
    with bench.engine.create(bench.base.id, ContainerSpec()) as container:
        parent = bench.commit(container, config, layer=False)
    with bench.engine.create(parent.id, shell("id -u")) as container:
        assert run(container) == (0, "0\n")
    with bench.engine.create(parent.id, shell("id -u", user="12:34")) as container:
        assert run(container) == (0, "12\n")


def check_surroundings_are_a_builds(bench: Bench) -> None:
    script = "hostname; pwd; readlink /proc/self/fd/0; tty || true"
    spec = shell(script, working_dir="/tmp", extra_hosts={"db": "10.1.2.3"})
    with bench.engine.create(bench.base.id, spec) as container:
        assert run(container) == (0, "buildkitsandbox\n/tmp\n/dev/null\nnot a tty\n")
    with bench.engine.create(bench.base.id, replace(spec, command=("cat", "/etc/hosts"))) as again:
        assert "10.1.2.3\tdb" in run(again)[1]


def check_network_none(bench: Bench) -> None:
    script = "tail -n +3 /proc/net/dev | cut -d: -f1"
    with bench.engine.create(bench.base.id, shell(script)) as container:
        code, output = run(container)
    assert (code, output.split()) == (0, ["lo"])


def check_tmpfs_and_cache_mounts(bench: Bench) -> None:
    mounts = (
        Mount("tmpfs", "/scratch", size=1 << 20),
        Mount("cache", "/kept", source="dockernb-test-cache"),
    )
    script = "echo x >/scratch/f && echo y >>/kept/f"
    with bench.engine.create(bench.base.id, shell(script, mounts=mounts)) as container:
        assert run(container) == (0, "")
        paths = {entry.path for entry in container.diff().entries}
    assert not {path for path in paths if path.endswith("/f")}
    with bench.engine.create(bench.base.id, shell("cat /kept/f", mounts=mounts)) as container:
        assert run(container)[1].startswith("y\n")


def check_tmpfs_is_in_memory(bench: Bench) -> None:
    mounts = (Mount("tmpfs", "/scratch", size=1 << 20),)
    spec = shell("grep -q ' /scratch tmpfs' /proc/mounts", mounts=mounts)
    with bench.engine.create(bench.base.id, spec) as container:
        assert run(container) == (0, "")


def check_cache_mount_has_its_owner(bench: Bench) -> None:
    mount = Mount("cache", "/own/ed", source="dockernb-test-owned", uid=12, gid=34, mode=0o750)
    spec = shell("stat -c '%u:%g %a' /own/ed && echo 1 >/own/ed/f", mounts=(mount,))
    with bench.engine.create(bench.base.id, spec) as container:
        assert run(container) == (0, "12:34 750\n")


def check_file_mount(bench: Bench) -> None:
    """The script of a heredoc that begins with `#!`."""
    script = Mount(
        "file", "/dev/pipes/EOF", content=b"#!/bin/sh\necho works\n", read_only=True, mode=0o755
    )
    spec = ContainerSpec(("/dev/pipes/EOF",), env={"PATH": "/bin"}, mounts=(script,))
    with bench.engine.create(bench.base.id, spec) as container:
        assert run(container) == (0, "works\n")
        assert "/dev/pipes/EOF" not in {entry.path for entry in container.diff().entries}


def check_secrets_are_in_no_snapshot_or_are_refused_clearly(bench: Bench) -> None:
    """An engine may not be able to mount one; then it says so before anything runs."""
    secret = Mount("secret", "/run/secrets/x", content=b"kept-from-all", mode=0o440, uid=5, gid=6)
    spec = shell("cat /run/secrets/x; stat -c ' %a %u:%g' /run/secrets/x", mounts=(secret,))
    refusals: list[UnsupportedByEngineError] = []
    try:
        with bench.engine.create(bench.base.id, spec) as container:
            assert run(container) == (0, "kept-from-all 440 5:6\n")
            assert not [e for e in container.diff().entries if e.path.endswith("/x") and e.size]
            image = bench.commit(container, next_config(bench.base, "RUN"))
        with bench.engine.open_image(image.id) as view:
            assert b"kept-from-all" not in b"".join(view.read("/"))
    except UnsupportedByEngineError as refusal:
        refusals.append(refusal)
    for error in refusals:
        assert "kept-from-all" not in error.format_message()
        assert error.hint


def check_bind_mounts_and_what_caches_begin_with(bench: Bench) -> None:
    """Files of an image, files of nobody's, and limits; nothing of it stays."""
    name, base = f"dockernb-test-{secrets.token_hex(4)}", bench.base.id
    mounts = (
        Mount("bind", "/shown", files=_folder_with_a_file, read_only=True),
        Mount("bind", "/image", source="/bin", source_image=base),
        Mount("cache", "/begun", source=name, source_image=base, base="/etc"),
    )
    script = (
        "stat -c '%a %u' /shown/a; echo 1 >/image/new; ls /image/sh; "
        "ls /begun/passwd; echo 2 >/begun/new; echo $TOKEN; ulimit -n; echo 3 >/kept"
    )
    spec = shell(script, mounts=mounts, secret_env={"TOKEN": "a b"}, ulimits={"nofile": (99, 100)})
    with bench.engine.create(base, spec) as container:
        expected = "640 7\n/image/sh\n/begun/passwd\na b\n99\n"
        assert run(container) == (0, expected)
        paths = {entry.path for entry in container.diff().entries}
        assert "/kept" in paths
        assert not {path for path in paths if path.endswith("/new")}
    with bench.engine.create(base, shell("cat /begun/new; ls /image", mounts=mounts)) as container:
        output = run(container)[1].split()
    assert output[0] == "2"
    assert "new" not in output


def check_one_file_is_mounted(bench: Bench) -> None:
    mount = Mount("bind", "/one/file", files=_one_file, is_file=True, read_only=True)
    spec = shell("cat /one/file", mounts=(mount,))
    with bench.engine.create(bench.base.id, spec) as container:
        assert run(container) == (0, "one\n")


def _folder_with_a_file(name: str) -> Iterator[bytes]:
    entries = [TarEntry(f"/{name}", "dir", 0o750), TarEntry(f"/{name}/a", "file", 0o640, 7)]
    return tar_stream(entries)


def _one_file(name: str) -> Iterator[bytes]:
    content = OpenedBy(lambda: io.BytesIO(b"one\n"))
    return tar_stream([TarEntry(f"/{name}", "file", 0o644, size=4, content=content)])


def check_mount_points_are_not_kept(bench: Bench) -> None:
    """As with BuildKit; but what the step itself left beside them is."""
    mounts = (
        Mount("tmpfs", "/made/for/mount"),
        Mount("tmpfs", "/used/by/mount"),
        Mount("tmpfs", "/tmp"),
    )
    with bench.engine.create(bench.base.id, shell("echo 1 >/used/f", mounts=mounts)) as container:
        assert run(container) == (0, "")
        paths = [entry.path for entry in container.diff().entries]
        assert paths == ["/used", "/used/f"]
        image = bench.commit(container, next_config(bench.base, "RUN"))
    with bench.engine.open_image(image.id) as container:
        assert container.stat("/made") is None
        assert container.stat("/used/by") is None
        assert container.stat("/tmp") is not None


def check_threads_share_an_engine(bench: Bench) -> None:
    codes: list[int] = []

    def one(number: int) -> None:
        with bench.engine.create(bench.base.id, shell(f"exit {number}")) as container:
            codes.append(run(container)[0])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0, 1, 2, 3]
