"""Runs `docker buildx build` on a notebook's Dockerfile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from dockernb.build.masking import line_mask
from dockernb.errors import EngineNotAvailableError

__all__ = ["INSTALL_BUILDX", "INSTALL_DOCKER", "Built", "Job", "check_options", "run_buildx"]

INSTALL_DOCKER = "Install it (Debian, Ubuntu: apt-get install docker-cli docker-buildx)."
INSTALL_BUILDX = "Install it (Debian, Ubuntu: apt-get install docker-buildx)."

_OURS = ("-f", "--file", "--progress")
_LOOK_SECONDS = 0.1
_LOOKS_UNTIL_KILL = 30
_MOST_METADATA = 4_000_000


@dataclass(frozen=True)
class Job:
    """What is built.

    Args:
        dockerfile: Its text.
        context: The build context; nothing is written there.
        flags: Of %build, as they are written.
        options: For buildx, as they are written; they beat what the other fields say.
    """

    dockerfile: str
    context: Path
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    flags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Built:
    """How it ended.

    Args:
        exit_code: buildx's.
        names: Of the image; empty: it got none.
        digest: Of its manifest, or of the index of several; "": no image was made.
    """

    exit_code: int
    names: tuple[str, ...] = ()
    digest: str = ""


def check_options(options: Sequence[str]) -> str:
    """What is wrong with options for buildx; "": nothing."""
    for word in options:
        if word.partition("=")[0] in _OURS:
            return f"{word.partition('=')[0]} is set by dockernb build"
    return ""


def run_buildx(
    job: Job,
    hear: Callable[[str], None],
    *,
    cancel: threading.Event | None = None,
    stdout: int | IO[Any] | None = None,
) -> Built:
    """Runs it to its end.

    Args:
        hear: Gets the lines of its progress, without the job's secrets.
        cancel: When it is set, buildx is interrupted, and killed some seconds later. Then buildx is
            not in this process's group: a signal to that reaches it by `cancel` only.
        stdout: Where its standard output goes; None: to ours, for `--output=-`.

    Raises:
        EngineNotAvailableError: docker or buildx is not here.
    """
    _check_buildx()
    mask = line_mask(job.secrets.values())
    with tempfile.TemporaryDirectory(prefix="dockernb-build-") as work:
        command, metadata = _command(job, Path(work))
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=cancel is not None,
        ) as process:
            over = threading.Event()
            watcher = _watch(process, cancel, over) if cancel is not None else None
            try:
                assert process.stderr is not None  # noqa: S101 - it was asked for
                for text in process.stderr:
                    hear(mask(text.rstrip("\r\n")))
            except KeyboardInterrupt:  # buildx got it too, and ends
                process.wait()
                raise
            finally:
                code = process.wait()
                over.set()
                if watcher is not None:
                    watcher.join()
        return _built(code, metadata)


def _command(job: Job, folder: Path) -> tuple[list[str], Path]:
    """The command, and the file that its result is written to. `folder` is the user's alone."""
    file = folder / "Dockerfile"
    file.write_bytes(job.dockerfile.encode())
    ignore = job.context / "Dockerfile.dockerignore"
    if ignore.is_file():
        (folder / ignore.name).write_bytes(ignore.read_bytes())
    words = ["docker", "buildx", "build", "--progress=plain", f"--file={file}", *job.flags]
    words += [f"--build-arg={key}={value}" for key, value in job.build_args.items()]
    given = {part for word in job.options for part in word.removeprefix("--secret=").split(",")}
    for number, (secret_id, content) in enumerate(job.secrets.items()):
        if f"id={secret_id}" not in given:
            path = folder / f"secret-{number}"
            path.write_bytes(content)
            words.append(f"--secret=id={secret_id},src={path}")
    metadata = _value_of("--metadata-file", job.options)
    if metadata is None:
        metadata = str(folder / "metadata.json")
        words.append(f"--metadata-file={metadata}")
    return [*words, *job.options, str(job.context)], Path(metadata)


def _value_of(name: str, options: Sequence[str]) -> str | None:
    for index, word in enumerate(options):
        key, equals, value = word.partition("=")
        if key == name:
            return value if equals else next(iter(options[index + 1 : index + 2]), None)
    return None


def _watch(
    process: subprocess.Popen[str], cancel: threading.Event, over: threading.Event
) -> threading.Thread:
    """Interrupts the command and what it has started when `cancel` is set."""

    def watch() -> None:
        looks = 0
        while not over.wait(_LOOK_SECONDS):
            if not cancel.is_set():
                continue
            if looks in (0, _LOOKS_UNTIL_KILL):
                _signal(process, signal.SIGKILL if looks else signal.SIGINT)
            looks += 1

    thread = threading.Thread(target=watch, name="dockernb-buildx", daemon=True)
    thread.start()
    return thread


def _signal(process: subprocess.Popen[str], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)  # it leads a group of its own


def _built(code: int, metadata: Path) -> Built:
    """The result; what is not there or not understood is left out."""
    try:
        with metadata.open("rb") as file:
            said = json.loads(file.read(_MOST_METADATA))
    except (OSError, ValueError):
        return Built(code)
    if code != 0 or not isinstance(said, dict):
        return Built(code)
    names, digest = said.get("image.name"), said.get("containerimage.digest")
    return Built(
        code,
        tuple(name for name in str(names).split(",") if name) if isinstance(names, str) else (),
        digest if isinstance(digest, str) else "",
    )


def _check_buildx() -> None:
    for command, hint in (
        (["docker", "--version"], INSTALL_DOCKER),
        (["docker", "buildx", "version"], INSTALL_BUILDX),
    ):
        try:
            subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as err:
            raise EngineNotAvailableError(
                f"`{' '.join(command)}` does not work here", state="Nothing was built.", hint=hint
            ) from err
