"""Nothing of ours stays, whatever ends us."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from dockernb.engines.base import ContainerSpec
from dockernb.engines.docker import DockerEngine, connect
from dockernb.engines.docker.images import TEMPORARY_LABEL
from dockernb.engines.docker.owner import Owner, this_process
from tests.conformance.bench import Bench, next_config, run, shell
from tests.integration.docker.cleaning import Cleaner

pytestmark = pytest.mark.docker


def test_nothing_of_ours_is_left(bench: Bench, docker_host: str, cleaner: Cleaner) -> None:
    """No container, no intermediate or working image, and no anonymous volume on the way."""
    engine = connect(docker_host)
    config = next_config(bench.base, "VOLUME", layer=False).with_runtime(volumes=("/v",))
    own = Bench(engine, bench.base, bench.made)
    with engine.create(bench.base.id, ContainerSpec()) as container:
        parent = own.commit(container, config, layer=False)
    with engine.create(parent.id, shell("mkdir /v; echo 1 >/v/f")) as container:
        assert run(container) == (0, "")
        found = cleaner.client.inspect_container(container.id)
        assert found["Mounts"] == []
        own.commit(container, next_config(parent, "RUN"))
    engine.close()
    assert not [name for name in cleaner.names() if this_process().mark in name]
    labelled = cleaner.client.images(all=True, filters={"label": TEMPORARY_LABEL})
    marks = [image["Labels"][TEMPORARY_LABEL] for image in labelled]
    assert not [mark for mark in marks if mark.startswith(this_process().mark)]
    assert found["Image"] not in {image["Id"] for image in cleaner.client.images(all=True)}


def test_leftovers_of_a_killed_process(
    bench: Bench, engine: DockerEngine, docker_host: str, cleaner: Cleaner
) -> None:
    """A process dies by SIGKILL in the middle of a RUN; another one that lives keeps its own.

    Its secret, which was in memory only, goes with it; what is left is the carrier that has ended.
    """
    program = (
        "import sys, threading\n"
        "from dockernb.engines.docker import connect\n"
        "from dockernb.engines.base import ContainerSpec, Mount, StartSpec\n"
        "engine = connect(sys.argv[1])\n"
        "print(engine.launch(sys.argv[2], StartSpec(('/bin/sleep', '600'))).id, flush=True)\n"
        "secret = Mount('secret', '/secret', content=b'kept in memory')\n"
        "command = ('/bin/sh', '-c', 'echo up; sleep 600')\n"
        "spec = ContainerSpec(command, network='none', mounts=(secret,))\n"
        "with engine.create(sys.argv[2], spec) as container:\n"
        "    print(container.id, flush=True)\n"
        "    container.run(lambda data: print('up', flush=True), threading.Event())\n"
    )
    command = [sys.executable, "-c", program, docker_host, bench.base.id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        launched_id = process.stdout.readline().strip()
        container_id = process.stdout.readline().strip()
        assert process.stdout.readline() == "up\n"
        with engine.create(bench.base.id, ContainerSpec()) as alive:
            assert engine.remove_leftovers() == []
            process.send_signal(signal.SIGKILL)
            process.wait()
            removed = engine.remove_leftovers()
            assert {container_id, launched_id} < set(removed)
            assert len(removed) == 3
            assert engine.remove_leftovers() == []
            volumes = cleaner.client.volumes()["Volumes"] or ()
            assert not [each for each in volumes if f"-{process.pid}-" in each["Name"]]
            assert alive.stat("/bin") is not None


def test_removal_is_done_before_the_interpreter_ends(
    bench: Bench, docker_host: str, cleaner: Cleaner
) -> None:
    """Also where nobody calls `close`."""
    program = (
        "import sys\n"
        "from dockernb.engines.docker import connect\n"
        "from dockernb.engines.base import ContainerSpec\n"
        "with connect(sys.argv[1]).create(sys.argv[2], ContainerSpec()) as container:\n"
        "    print(container.id)\n"
    )
    command = [sys.executable, "-c", program, docker_host, bench.base.id]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    assert made
    assert made not in {container["Id"] for container in cleaner.client.containers(all=True)}


def test_containers_of_other_machines_stay() -> None:
    here = this_process()
    assert not here.is_dead()
    assert not Owner("other", here.boot, 2**22 + 1, 0).is_dead()
    assert replace(here, pid=2**22 + 1).is_dead()
    assert replace(here, start=here.start - 1).is_dead()
    assert replace(here, boot="before").is_dead()
    assert Owner.of_name("/" + here.new_name()) == here
    assert Owner.of_name("/my-container") is None
