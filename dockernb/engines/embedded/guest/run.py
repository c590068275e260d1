"""Running a command in a root file system: the worker's side."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from ....errors import EngineError, InternalError, UnsupportedByEngineError
from .command import GuestCommand, GuestEnd
from .inside import Inside
from .keeper import Outcome, keep
from .killing import become_subreaper, kill_descendants
from .namespaces import can_mount_proc
from .preparation import Preparation
from .rung import Rung
from .start import Start
from .supervisor.arch import native
from .supervisor.filter import build_filter

__all__ = ["run_guest"]

MAKING_THE_PROCESS = "making the process"


def run_guest(
    root: Path, rung: Rung, command: GuestCommand, *, stdout: int, stderr: int, cancel: int
) -> GuestEnd:
    """Runs a command and waits for the end of it and of every process that it started.

    Its stdin is /dev/null. This single-threaded process must be in the namespaces of the rung
    (`enter_namespaces`) and becomes the reaper of its descendants' orphans.

    Args:
        root: The root file system: on rung 1 and 2 usually a mounted overlay.
        stdout: Descriptor that the command gets as its own; `stderr` alike.
        cancel: Descriptor; when its other end closes, everything is killed. A byte that comes
            through it is the number of a signal for the command.

    Raises:
        UnsupportedByEngineError: the rung cannot do what the command asks for.
        EngineError: the command could not be started; the tree is as it was.
    """
    if not command.argv:
        raise EngineError("there is no command to run", state="Nothing was started.")
    if rung is Rung.NONE:
        raise UnsupportedByEngineError(
            "no command can be run here",
            rule="None of the embedded engine's ways works on this machine.",
            hint="See what would help: dockernb doctor",
        )
    become_subreaper()
    inside = Inside(str(root))
    preparation = Preparation(root.absolute(), rung, command, inside)
    left: tuple[str, ...] = ()
    try:
        try:
            preparation.make()
            outcome = _run(root, rung, command, preparation, (stdout, stderr, cancel))
        finally:
            left = preparation.undo()
    except OSError as error:
        raise _not_started(
            "preparing the root file system", error.strerror, error.filename
        ) from error
    finally:
        inside.close()
    if outcome.error:
        said = outcome.error
        if said["what"] == MAKING_THE_PROCESS and command.network == "none":
            raise _no_network_namespace()
        raise _not_started(str(said["what"]), str(said["error"]), said.get("path"))
    return GuestEnd(outcome.exit_code, outcome.cancelled, left, tuple(outcome.warnings))


def _run(
    root: Path,
    rung: Rung,
    command: GuestCommand,
    preparation: Preparation,
    descriptors: tuple[int, int, int],
) -> Outcome:
    program = None
    if rung.is_supervised:
        program = build_filter(native(), served=rung is Rung.CHROOT, translated=rung is Rung.PROOT)
    own_proc = rung.has_mounts and can_mount_proc()
    start = Start(
        str(root.absolute()), rung, command, descriptors[0], descriptors[1], own_proc,
        preparation.files, program, preparation.binds,
    )  # fmt: skip
    answer, their_answer = os.pipe()
    worker, our_life = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(answer)
        os.close(our_life)
        _keep(start, preparation, descriptors[2], worker, their_answer)
    os.close(their_answer)
    os.close(worker)
    with os.fdopen(answer, "rb") as stream:
        text = stream.read()
    os.close(our_life)
    os.waitpid(keeper, 0)
    if not text:
        kill_descendants()
        raise InternalError("the process that supervises the command ended without a word")
    return Outcome.from_json(text)


def _keep(
    start: Start, preparation: Preparation, cancel: int, worker: int, answer: int
) -> NoReturn:
    code = 1
    try:
        outcome = keep(start, preparation.served, cancel=cancel, worker=worker)
        os.write(answer, outcome.to_json())
        code = 0
    except OSError as error:
        said: dict[str, str | int] = {"what": MAKING_THE_PROCESS, "error": error.strerror or ""}
        os.write(answer, Outcome(error=said).to_json())
    finally:
        os._exit(code)


def _no_network_namespace() -> UnsupportedByEngineError:
    return UnsupportedByEngineError(
        "a command without network needs a network namespace",
        rule="Who may not mount may not make one, unless in a user namespace.",
        hint="Leave out --network=none, or use the docker engine: %engine docker",
    )


def _not_started(what: str, reason: str | None, path: object) -> EngineError:
    shown = f' "{path}"' if path else ""
    return EngineError(
        f"the command could not be started: {what}: {reason}{shown}",
        state="Nothing was run; the file system is as it was.",
        hint="See what the embedded engine can do here: dockernb doctor",
    )
