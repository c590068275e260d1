"""A container that stands by gives what an ordinary one gives, or is not used."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dockernb.engines.base import ContainerSpec, Image
from dockernb.engines.docker import DockerEngine, connect, standby
from dockernb.engines.docker.owner import this_process
from dockernb.engines.docker.standby import StandbyContainer
from dockernb.errors import BuildInterruptedError, EngineError, EngineNotAvailableError
from tests.conformance.bench import PATH, Bench, next_config, run, shell
from tests.integration.docker.always_prepared import (
    is_standing_by,
    wait_until_settled,
    wait_until_standing_by,
)
from tests.integration.docker.cleaning import Cleaner
from tests.integration.docker.proxy import CutProxy

pytestmark = pytest.mark.docker

# Everything that a command can see of the way in which it was started. What changes from one
# container to the next (addresses, counters, IDs) is left out, and what the shell does while it
# makes a process (it blocks signals, opens pipes) is not looked at.
EVERYTHING = r"""
for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do [ -L /proc/1/fd/$n ] && echo fd $n; done
exec 2>&1; readlink /proc/self/fd/0
tr '\0' '\n' </proc/1/environ; tr '\0' '\n' </proc/1/cmdline
echo $$ $#; env; export -p; pwd; id; umask; trap; set -o; hostname
grep -h flags /proc/self/fdinfo/0 /proc/self/fdinfo/1 /proc/self/fdinfo/2
grep -E '^(Umask|Uid|Gid|Groups|Sig[BI]|Cap|NoNew|Secc|NSpg|NSs|Threads|Cpus)' /proc/self/status
cat /proc/1/limits /proc/1/oom_score_adj /proc/1/comm /proc/1/loginuid /etc/resolv.conf
for link in exe cwd root; do readlink /proc/1/$link; done
cut -d' ' -f5,6 /proc/1/mountinfo; cut -d' ' -f2,4,5,6,7 /proc/1/stat
sed 's/[0-9a-f]\{64\}/ID/g' /proc/1/cgroup
ls /sys/class/net; ls -ld /dev/* | sed 's/ [A-Z][a-z][a-z] .* / /'
"""


@pytest.fixture
def debian(engine: DockerEngine) -> Image:
    found = engine.find_image("debian:bookworm-slim")
    assert found is not None
    return found


def run_prepared(engine: DockerEngine, parent: Image, spec: ContainerSpec) -> tuple[int, str]:
    engine.prepare(parent.id, spec)
    assert wait_until_settled(engine)
    with engine.create(parent.id, spec) as container:
        assert isinstance(container, StandbyContainer)
        return run(container)


def run_ordinary(engine: DockerEngine, parent: Image, spec: ContainerSpec) -> tuple[int, str]:
    with engine.create(parent.id, spec) as container:
        assert not isinstance(container, StandbyContainer)
        return run(container)


def assert_same(engine: DockerEngine, parent: Image, spec: ContainerSpec) -> tuple[int, str]:
    ordinary = run_ordinary(engine, parent, spec)
    prepared = run_prepared(engine, parent, spec)
    assert prepared[1].splitlines() == ordinary[1].splitlines()
    assert prepared == ordinary
    return ordinary


SURROUNDINGS = {
    "plain": {},
    "odd environment": {
        "env": {"ODD": "a=b c\nd'\"$`\\", "PATH": PATH, "Z": "", "é": "ü", "-i": "x"}
    },
    "no environment": {"env": {}},
    "home": {"env": {"PATH": PATH, "HOME": "/nowhere", "HOSTNAME": "other"}},
    "user": {"user": "daemon", "working_dir": "/tmp"},
    "uid and gid": {"user": "1234:5678"},
    "network": {"network": "default"},
    "new directory": {"working_dir": "/made/for/this"},
}


@pytest.mark.parametrize("changes", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_surroundings_are_the_same(
    engine: DockerEngine, bench: Bench, debian: Image, changes: dict[str, object]
) -> None:
    for parent in (debian, bench.base):
        code, output = assert_same(engine, parent, shell(EVERYTHING, **changes))
        assert code == 0
        assert "fd 2\n/dev/null\n" in output


def test_the_same_with_bash_as_the_shell(engine: DockerEngine, bench: Bench, debian: Image) -> None:
    parent = bench.step(debian, "ln -sf bash /bin/sh")
    assert "posix" in assert_same(engine, parent, shell(EVERYTHING))[1]


@pytest.mark.parametrize("option", ["-c", "-ec", "-fuc"])
def test_every_character_arrives(
    engine: DockerEngine, bench: Bench, debian: Image, option: str
) -> None:
    """Shells keep marks of their own among the bytes of a word."""
    text = "".join(map(chr, [*range(1, 0x800), 0x20AC, 0xFFFD, 0x1F600])).replace("'", "")
    script = f"""exec 2>&1; printf '%s|' '{text}' "$TEXT" $TEXT 'it'"'"'s'\n\n# end\nexit 7 # é\n"""
    spec = shell(script, command=("/bin/sh", option, script, "zero", "", "é x"))
    spec = shell(script, command=spec.command, env={"PATH": PATH, "TEXT": f"{text}\n'\n"})
    bash = bench.step(debian, "ln -sf bash /bin/sh")
    for parent in (debian, bench.base, bash):
        assert assert_same(engine, parent, spec)[0] == 7


@pytest.mark.parametrize(
    "script",
    ["no-such-command", "/etc/passwd", "exit 200", "'", "kill -9 $$; exit 4", "exec /no/such", ""],
)
def test_ends_are_the_same(engine: DockerEngine, bench: Bench, script: str) -> None:
    assert_same(engine, bench.base, shell(script))


def test_long_commands(engine: DockerEngine, bench: Bench) -> None:
    """What is near the limits of an argument is the daemon's business."""
    fits = f": {'x' * 90_000}; echo $$"
    assert run_prepared(engine, bench.base, shell(fits)) == (0, "1\n")
    too_long = shell(f": {'x' * 110_000}; echo $$")
    engine.prepare(bench.base.id, too_long)
    assert wait_until_settled(engine)
    assert run_ordinary(engine, bench.base, too_long) == (0, "1\n")
    assert is_standing_by(engine), "for a shorter one"


@pytest.mark.parametrize(
    "removal", ["/bin/sh", "/bin/env /usr/bin/env", "/bin/busybox /bin/sh"], ids=str.split
)
def test_images_that_lack_something(engine: DockerEngine, bench: Bench, removal: str) -> None:
    keep = "cp /bin/busybox /keep; " if "busybox" in removal else ""
    parent = bench.step(bench.base, f"{keep}rm {removal} 2>/dev/null; true")
    spec = shell("echo works")
    engine.prepare(parent.id, spec)
    assert not wait_until_settled(engine)
    code, output = run_ordinary(engine, parent, spec)
    assert (code, output) == (0, "works\n") if "env" in removal else code == 127
    engine.prepare(parent.id, spec)
    assert engine._standbys._current is None, "it is not tried again"


def test_an_env_that_does_something_else(engine: DockerEngine, bench: Bench) -> None:
    script = "rm -f /usr/bin/env; mkdir -p /usr/bin; printf '#!/bin/sh\\necho 1\\n' >/usr/bin/env"
    parent = bench.step(bench.base, f"{script}; chmod +x /usr/bin/env")
    engine.prepare(parent.id, shell("true"))
    wait_until_settled(engine)
    assert run_ordinary(engine, parent, shell("echo a; exit 3")) == (3, "a\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"user": "7"},
        {"working_dir": "/tmp"},
        {"network": "default"},
        {"extra_hosts": {"a": "1.2.3.4"}},
    ],
    ids=str,
)
def test_other_needs_are_served_the_ordinary_way(
    engine: DockerEngine, bench: Bench, changes: dict[str, object]
) -> None:
    engine.prepare(bench.base.id, shell(""))
    assert wait_until_settled(engine)
    run_ordinary(engine, bench.base, shell("id; pwd", **changes))
    other = bench.files(bench.base, [("f", b"x")])
    assert run_ordinary(engine, other, shell("cat /f")) == (0, "x")
    assert is_standing_by(engine)


def test_commit_on_top_of_cells_in_between(
    engine: DockerEngine, bench: Bench, cleaner: Cleaner
) -> None:
    """ENV and VOLUME cells change no files; the snapshot's parent is the last of them."""
    engine.prepare(bench.base.id, shell(""))
    config = next_config(bench.base, "VOLUME", layer=False).with_runtime(
        volumes=("/v",), env=("A=1",)
    )
    with engine.create(bench.base.id, ContainerSpec()) as container:
        parent = bench.commit(container, config, layer=False)
    wait_until_settled(engine)
    with engine.create(parent.id, shell("mkdir /v && echo 1 >/v/f")) as container:
        assert isinstance(container, StandbyContainer)
        assert run(container) == (0, "")
        assert [entry.path for entry in container.diff().entries] == ["/v", "/v/f"]
        image = bench.commit(container, next_config(parent, "RUN"))
    assert image.config.runtime == parent.config.runtime
    assert cleaner.inspect(image.id)["Parent"] == parent.id
    assert run_ordinary(engine, image, shell("cat /v/f")) == (0, "1\n")


def test_interrupt(engine: DockerEngine, bench: Bench) -> None:
    engine.prepare(bench.base.id, shell(""))
    wait_until_settled(engine)
    cancel = threading.Event()
    spec = shell("trap '' TERM; echo up; sleep 600")
    with (
        engine.create(bench.base.id, spec) as container,
        pytest.raises(BuildInterruptedError),
    ):
        container.run(lambda _: cancel.set(), cancel)


def test_a_snapshot_can_be_removed_meanwhile(
    engine: DockerEngine, bench: Bench, cleaner: Cleaner
) -> None:
    image = bench.step(bench.base, "echo 1 >/f")
    engine.prepare(image.id, shell(""))
    assert wait_until_settled(engine)
    cleaner.client.remove_image(image.id)
    assert image.id not in {each["Id"] for each in cleaner.client.images(all=True)}


def test_one_that_was_killed_is_not_used(
    engine: DockerEngine, bench: Bench, cleaner: Cleaner
) -> None:
    engine.prepare(bench.base.id, shell(""))
    assert wait_until_settled(engine)
    waiting = engine._standbys._current
    assert waiting is not None
    assert waiting.container is not None
    cleaner.client.kill(waiting.container.id)
    cleaner.client.wait(waiting.container.id)
    limit = time.monotonic() + 10
    while waiting.container.is_alive():
        assert time.monotonic() < limit
    assert run_ordinary(engine, bench.base, shell("echo works")) == (0, "works\n")


def test_a_command_that_never_arrived_is_no_success(engine: DockerEngine, bench: Bench) -> None:
    """The shell ends with code 0 when its stdin does."""
    for script in (b"", b"{ echo half of a"):
        engine.prepare(bench.base.id, shell(""))
        assert wait_until_settled(engine)
        with engine.create(bench.base.id, shell("echo works")) as container:
            assert isinstance(container, StandbyContainer)
            assert container._attachment is not None
            container._script = script
            closer = threading.Timer(0.2, container._attachment._socket.shutdown, (1,))
            closer.start()
            with pytest.raises(EngineError, match="before it got its command"):
                run(container)


def test_a_lost_daemon(bench: Bench, docker_host: str, tmp_path: Path) -> None:
    with CutProxy(docker_host, tmp_path) as proxy:
        engine = connect(proxy.address)
        engine.prepare(bench.base.id, shell(""))
        assert wait_until_settled(engine)
        proxy.cut()
        with pytest.raises(EngineNotAvailableError), engine.create(bench.base.id, shell("true")):
            pass
        engine.prepare(bench.base.id, shell(""))
        wait_until_settled(engine)
        proxy.mend()
        assert run_ordinary(engine, bench.base, shell("echo works")) == (0, "works\n")
        assert run_prepared(engine, bench.base, shell("echo works")) == (0, "works\n")
        with engine.create(bench.base.id, shell("echo up; sleep 600")) as container:
            with pytest.raises(EngineNotAvailableError):
                container.run(lambda _: proxy.cut(), threading.Event())
            proxy.mend()
        engine.close()


def own_names(cleaner: Cleaner) -> set[str]:
    return {name for name in cleaner.names() if this_process().mark in name}


def test_it_goes_when_it_is_not_wanted(
    bench: Bench,
    engine: DockerEngine,
    docker_host: str,
    cleaner: Cleaner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine._background.drain()
    before = own_names(cleaner)
    own = connect(docker_host)
    parents = [bench.base, bench.step(bench.base, "echo 1 >/f")]
    engine._background.drain()
    for parent in parents:
        own.prepare(parent.id, shell(""))
        assert wait_until_settled(own)
    current = own._standbys._current
    assert current is not None
    assert current.container is not None
    working = current.container._working_image
    assert working in {image["Id"] for image in cleaner.client.images(all=True)}
    own._background.drain()
    assert len(own_names(cleaner) - before) == 1, "one an engine"
    own.close()
    assert own_names(cleaner) <= before
    own.prepare(bench.base.id, shell(""))
    assert own._standbys._current is None
    monkeypatch.setattr(standby, "_IDLE_SECONDS", 0.0)
    own = connect(docker_host)
    own.prepare(bench.base.id, shell(""))
    own.close()
    assert own_names(cleaner) <= before
    assert working not in {image["Id"] for image in cleaner.client.images(all=True)}


def test_closing_one_that_is_about_to_be(bench: Bench, docker_host: str, cleaner: Cleaner) -> None:
    before = own_names(cleaner)
    engine = connect(docker_host)
    engine.prepare(bench.base.id, shell(""))
    engine.close()
    assert own_names(cleaner) <= before


def test_engines_do_not_share(engine: DockerEngine, bench: Bench, docker_host: str) -> None:
    engine.prepare(bench.base.id, shell(""))
    assert wait_until_settled(engine)
    other = connect(docker_host)
    assert run_ordinary(other, bench.base, shell("echo works")) == (0, "works\n")
    assert run_prepared(other, bench.base, shell("echo works")) == (0, "works\n")
    other.close()
    assert is_standing_by(engine)


def test_a_killed_process_leaves_none(
    engine: DockerEngine, bench: Bench, docker_host: str, cleaner: Cleaner
) -> None:
    """It ends by itself, since its stdin does, and the next process removes it."""
    program = (
        "import sys, time\n"
        "from dockernb.engines.docker import connect\n"
        "from tests.conformance.bench import shell\n"
        "from tests.integration.docker.always_prepared import wait_until_settled\n"
        "engine = connect(sys.argv[1])\n"
        "engine.prepare(sys.argv[2], shell(''))\n"
        "assert wait_until_settled(engine)\n"
        "print(engine._standbys._current.container.id, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", program, docker_host, bench.base.id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        container_id = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    assert cleaner.client.wait(container_id, timeout=20)["StatusCode"] == 0
    assert engine.remove_leftovers() == [container_id]


def test_prepare_is_quick_and_never_raises(docker_host: str, bench: Bench) -> None:
    engine = connect(docker_host)
    begin = time.monotonic()
    engine.prepare("sha256:" + "0" * 64, shell(""))
    engine.prepare(bench.base.id, shell(""))
    assert time.monotonic() - begin < 0.2
    wait_until_standing_by(engine)
    engine.close()
