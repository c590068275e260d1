"""Command line of the testbed: up, down, status, env, run."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.testbed import (
    api,
    browser,
    docker,
    docker20,
    docker28,
    images,
    podman,
    proot,
    registry,
    skopeo,
    ssh,
    tls,
)
from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout
from tests.testbed.process import say

PARTS: dict[str, Callable[[Layout], object]] = {
    "docker": docker.up,
    "images": images.up,
    "registry": registry.up,
    "tls": docker.up_with_tls,
    "ssh": ssh.up,
    "docker20": docker20.up,
    "docker28": docker28.up,
    "podman": podman.up,
    "browser": lambda layout: browser.up(),
    "skopeo": lambda layout: skopeo.up(),
    "proot": lambda layout: proot.up(),
}
#: Programs of the machine, which need no engine of our own.
PROGRAMS = ("browser", "skopeo", "proot")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 1 if the testbed cannot do it."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.command(Layout.from_environment(), options)
    except TestbedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, function: Callable[..., int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        return command

    parts = f"of: {', '.join(PARTS)} (default: all)"
    up = add("up", up_command, "bring parts up and leave them running")
    up.add_argument("parts", nargs="*", metavar="PART", help=parts)
    add("down", down_command, "stop daemon and registry; caches and images stay")
    status = add("status", status_command, "tell what runs")
    status.add_argument("--json", action="store_true", help="for programs")
    add("env", env_command, "print the variables that the tests read, for a shell's eval")
    run = add("run", run_command, "run a command with the testbed up; stop what this started")
    run.add_argument("--parts", default="", help=f"separated by commas, {parts}")
    run.add_argument(
        "--docker-host",
        action="store_true",
        help="set DOCKER_HOST too; an engine that this machine already has is used instead",
    )
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return top


def up_command(layout: Layout, options: argparse.Namespace) -> int:
    """Bring parts up for good: a later `run` leaves them running."""
    bring_up(layout, chosen(options.parts))
    layout.transient.unlink(missing_ok=True)
    print_environment(layout)
    return 0


def down_command(layout: Layout, options: argparse.Namespace) -> int:
    """Stop what runs."""
    with layout.locked():
        stop_all(layout)
    return 0


def status_command(layout: Layout, options: argparse.Namespace) -> int:
    """Tell what runs."""
    facts = status(layout)
    if options.json:
        print(json.dumps(facts, indent=1))
    else:
        for part, value in facts.items():
            print(f"{part}: {value}")
    return 0


def env_command(layout: Layout, options: argparse.Namespace) -> int:
    """Print the variables."""
    print_environment(layout)
    return 0


def run_command(layout: Layout, options: argparse.Namespace) -> int:
    """Run a command with the testbed up."""
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise TestbedError("run: no command given")
    if options.docker_host and (engine := api.users_engine()):
        say(f"using the Docker engine at {engine}")
        return call(words, {"DOCKER_HOST": engine})
    with layout.used() as use:
        parts = chosen(filter(None, options.parts.split(",")))
        if engine := foreign_engine(layout):
            say(f"testing against the engine at {engine}, not against one of our own")
            parts = [part for part in parts if part in PROGRAMS]
        bring_up_wanted(layout, parts)
        added = environment(layout)
        if options.docker_host:
            added["DOCKER_HOST"] = layout.docker_host
        try:
            return call(words, added)
        finally:
            if use.is_last() and layout.transient.exists():
                down_command(layout, options)


def chosen(named: Any) -> list[str]:
    """The parts to bring up, in the order in which they need one another."""
    names = set(named)
    if unknown := names - set(PARTS):
        raise TestbedError(f"no such part: {', '.join(sorted(unknown))}; there are {list(PARTS)}")
    return [part for part in PARTS if part in names or not names]


def foreign_engine(layout: Layout) -> str | None:
    """The engine that the environment names for the tests, if it is not the testbed's own."""
    named = os.environ.get("DOCKERNB_TEST_DOCKER_HOST")
    return named if named != layout.docker_host else None


def bring_up_wanted(layout: Layout, parts: Sequence[str]) -> None:
    """Bring parts up for a `run`: one that DOCKERNB_REQUIRE does not name may be missing."""
    required = set(filter(None, os.environ.get("DOCKERNB_REQUIRE", "").split(",")))
    if "docker" in required:
        required.add("images")
    missing: dict[str, list[str]] = {}
    for part in parts:
        try:
            bring_up(layout, [part])
        except TestbedError as error:
            if part in required:
                raise
            missing.setdefault(str(error), []).append(part)
    for reason, without in missing.items():
        say(f"going on without {', '.join(without)}: {reason}")


def bring_up(layout: Layout, parts: Sequence[str]) -> None:
    """Bring parts up, one process at a time."""
    with layout.locked():
        if not anything_up(layout):
            layout.transient.touch()
        for part in parts:
            begin = time.monotonic()
            PARTS[part](layout)
            say(f"{part} is up ({time.monotonic() - begin:.1f} s)")


def anything_up(layout: Layout) -> bool:
    """Whether a daemon or the registry runs."""
    engines = (docker20.engine(layout), docker28.engine(layout), podman.engine(layout))
    others = any(engine.is_up() for engine in engines)
    return others or docker.is_up(layout) or registry.address(layout) is not None


def stop_all(layout: Layout) -> None:
    """Stop the servers and the daemons."""
    registry.down(layout)
    ssh.down(layout)
    podman.down(layout)
    docker28.down(layout)
    docker20.down(layout)
    docker.down(layout)
    layout.transient.unlink(missing_ok=True)


def call(words: Sequence[str], added: dict[str, str]) -> int:
    """Run a command to its end; an interrupt reaches it by itself, and we wait for it."""
    process = subprocess.Popen(list(words), env=os.environ | added)
    while True:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            continue
        return code if code >= 0 else 128 - code


def environment(layout: Layout) -> dict[str, str]:
    """The variables that tell the tests what is there; what is down has none."""
    found: dict[str, str] = {}
    if engine := foreign_engine(layout):
        found["DOCKERNB_TEST_DOCKER_HOST"] = engine
    elif docker.is_up(layout):
        found["DOCKERNB_TEST_DOCKER_HOST"] = layout.docker_host
        found["DOCKERNB_TEST_DOCKER_ROOT"] = str(layout.root)
    found |= elsewhere(layout)
    if host := registry.address(layout):
        found["DOCKERNB_TEST_REGISTRY"] = host
    if path := browser.find():
        found["DOCKERNB_TEST_CHROMIUM"] = path
    return found


def elsewhere(layout: Layout) -> dict[str, str]:
    """The other ways to the testbed's Docker, and the other engines."""
    found: dict[str, str] = {}
    if host := tls.address(layout):
        found["DOCKERNB_TEST_TLS_HOST"] = host
        found["DOCKERNB_TEST_TLS_FOLDER"] = str(tls.folder(layout))
    if host := ssh.address(layout):
        found["DOCKERNB_TEST_SSH_HOST"] = host
        found["DOCKERNB_TEST_SSH_FOLDER"] = str(ssh.programs(layout))
    if (old := docker20.engine(layout)).is_up():
        found["DOCKERNB_TEST_DOCKER20_HOST"] = old.host
    if (new := docker28.engine(layout)).is_up():
        found["DOCKERNB_TEST_DOCKER28_HOST"] = new.host
    if (service := podman.engine(layout)).is_up():
        found["DOCKERNB_TEST_PODMAN_HOST"] = service.host
    return found


def print_environment(layout: Layout) -> None:
    """The variables as lines for a shell."""
    for name, value in environment(layout).items():
        print(f"export {name}={shlex.quote(value)}")


def status(layout: Layout) -> dict[str, Any]:
    """Everything there is to know, as plain data."""
    return {
        "state": str(layout.state),
        "docker": docker.status(layout),
        "images": images.status(layout),
        "registry": registry.status(layout),
        "tls": tls.address(layout),
        "ssh": ssh.address(layout),
        "docker20": docker20.engine(layout).status(),
        "docker28": docker28.engine(layout).status(),
        "podman": podman.engine(layout).status(),
        "browser": browser.find(),
        "skopeo": skopeo.find(),
        "proot": proot.find(),
    }


if __name__ == "__main__":
    sys.exit(main())
