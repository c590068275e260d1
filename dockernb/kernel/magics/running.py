"""Magics that run what the notebook has built."""

from __future__ import annotations

import codecs
import logging
import uuid

from dockernb.errors import BuildInterruptedError, DockernbError
from dockernb.kernel.worker import start_in_background
from dockernb.use.run import Run, RunState
from dockernb.use.run_options import OptionError, parse_run_options
from dockernb.use.runs import Runs

from .registry import MagicCall, MagicError, magic
from .target import find_target

__all__: list[str] = []

log = logging.getLogger(__name__)

_USAGE = "%run [-p HOST:PORT] [-P] [-e KEY=VALUE] [--name NAME] [--of WHAT] [ARG...]"
_MOST_WORDS = 10_000
_STOP_SECONDS = 1.0
_LOOK_SECONDS = 0.1


@magic(
    _USAGE,
    values=("-p", "-P", "-e", "--name", "--of"),
    options={"--of": "snapshot", "-p": "value", "-e": "value", "--name": "value"},
)
def run(call: MagicCall) -> None:
    """Starts the image with its ENTRYPOINT and CMD, as `docker run`; the notebook goes on.

    -p publishes a port on this machine (8080:80, or 80 for a free one), -P all that are EXPOSEd;
    -e sets a variable; ARGs replace CMD. It runs the snapshot of the cell above; --of names a
    stage, another snapshot by its ID, or an image. The card shows its log, its health and its
    ports, and has a button that stops it. It ends with the kernel, and when its cell is run again
    or deleted.
    """
    try:
        options = parse_run_options(call.words(_MOST_WORDS))
    except OptionError as error:
        raise MagicError(
            str(error), state="Nothing was started.", hint=f"usage: {_USAGE}"
        ) from None
    target = find_target(call, options.of)
    runs = call.session.runs
    started = runs.launch(call.session.engine(), target.image_id, options, target.name or "run")
    _show(call, runs, started)


def _show(call: MagicCall, runs: Runs, started: Run) -> None:
    from dockernb.ui.run_card import RunCard  # noqa: PLC0415 - loads ipywidgets
    from dockernb.ui.run_view import RunView, run_text  # noqa: PLC0415

    if call.publisher.front_end == "terminal":
        started.begin()
        call.say(run_text(RunView(started.facts, started.state)))
        call.say(f"  its output: %logs {started.facts.name}")
        return
    display_id = uuid.uuid4().hex
    card = RunCard.of_run(
        started,
        lambda: _stop_in_background(started),
        lambda: runs.discard(started),
        call.cell_id,
    )
    call.workspace.cards.add(call.cell_id, card)
    call.publisher.display(*card.bundle(), display_id)

    def listen(event: bytes | RunState) -> None:
        card.handle(event)
        if isinstance(event, RunState) and event.is_over:
            call.publisher.update(*card.bundle(), display_id)

    started.begin(listen)


def _stop_in_background(started: Run) -> None:
    """A button was pressed: the main thread does not wait for the engine."""

    def stop() -> None:
        try:
            started.stop()
        except DockernbError as error:
            log.warning('"%s" could not be stopped: %s', started.facts.name, error.message)

    start_in_background(stop, "dockernb-stop")


@magic("%logs [NAME] [-f]", values=("-f",), takes=("run",))
def logs(call: MagicCall) -> None:
    """Shows what a container of %run has printed; -f goes on until it ends or you interrupt."""
    words = call.words(2)
    follow = "-f" in words
    names = [word for word in words if word != "-f"]
    if len(names) > 1:
        raise MagicError("%logs takes one name", hint="usage: %logs [NAME] [-f]")
    found = call.session.runs.find(names[0] if names else "")
    if not follow:
        call.publisher.stream(found.output().text)
        return
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    for piece in found.tail(call.cancel):
        call.publisher.stream(piece if isinstance(piece, str) else decode(piece))


@magic("%stop [NAME]", takes=("run",))
def stop(call: MagicCall) -> None:
    """Stops a container of %run with its stop signal; after ten seconds it is killed.

    The name can be left out when only one runs. An interrupt kills it at once.
    """
    words = call.words(1)
    found = call.session.runs.find(words[0] if words else "", running=True)
    found.stop()
    while not found.wait(_LOOK_SECONDS):
        if call.cancel.is_set():
            found.stop()
            found.wait(_STOP_SECONDS)
            raise BuildInterruptedError(
                "interrupted while the container was stopping", state="It was killed."
            )
    state = found.state
    code = f", exit code {state.exit_code}" if state.exit_code is not None else ""
    call.say(f"{found.facts.name}: {state.status}{code}")
