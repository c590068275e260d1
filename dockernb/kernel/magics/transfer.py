"""Magics that give an image away: to a registry, or as a file."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from dockernb.kernel.worker import start_in_background
from dockernb.use.transfer import Transfer, written_aside

from .registry import MagicCall, MagicError, magic
from .target import find_target

__all__: list[str] = []

_EVERY_SECONDS = 0.2
_SAVE = "%save FILE [NAME] [--format docker|oci] [--force]"


@magic("%push NAME", takes=("image",))
def push(call: MagicCall) -> None:
    """Sends the image called NAME to its registry; `%tag NAME` names the newest snapshot so.

    Credentials are those of `docker login`, helpers included. An interrupt ends it.
    """
    words = call.words(1)
    if not words:
        raise MagicError("%push needs a name", hint="%tag NAME, then %push NAME")
    engine = call.session.engine()
    with _shown(call, f"pushing {words[0]}") as transfer:
        digest = engine.push(words[0], transfer, call.cancel)
    call.say(f"{words[0]} {digest}".rstrip())


@magic(
    _SAVE,
    values=("--format", "--force"),
    takes=("file", "image"),
    options={"--format": "archive form"},
)
def save(call: MagicCall) -> None:
    """Writes an archive for `docker load`, podman or skopeo: of NAME, else of the snapshot above.

    FILE is replaced only if this kernel has written it, or with --force. An interrupt ends it, and
    then there is no file.
    """
    words, form = _taken_format(call.words(5))
    names = [word for word in words if word != "--force"]
    if not 1 <= len(names) <= 2:
        raise MagicError("%save needs a file", hint=f"usage: {_SAVE}")
    path = Path(names[0]).expanduser().absolute()
    written = call.workspace.exported
    if path.exists() and str(path) not in written and "--force" not in words:
        raise MagicError(
            f'"{path.name}" is there already',
            state="Nothing was written.",
            hint=f"To replace it: %save {call.line.argument} --force",
        )
    image = names[1] if len(names) == 2 else find_target(call).image_id
    engine = call.session.engine()
    try:
        with _shown(call, f"saving {path.name}") as transfer, written_aside(path) as out:
            engine.save([image], out, form, transfer, call.cancel)
    except OSError as error:
        raise MagicError(f'"{path}" cannot be written: {error.strerror}') from error
    written[str(path)] = ""
    call.say(f"wrote {path}")


def _taken_format(words: list[str]) -> tuple[list[str], Literal["docker", "oci"]]:
    """The words without `--format FORM`, and the form."""
    if "--format" not in words:
        return words, "docker"
    at = words.index("--format")
    form = (words[at + 1 : at + 2] or [""])[0]
    rest = words[:at] + words[at + 2 :]
    if form == "docker":
        return rest, "docker"
    if form == "oci":
        return rest, "oci"
    raise MagicError(f'there is no form "{form}"', hint="--format docker or --format oci")


@contextmanager
def _shown(call: MagicCall, what: str) -> Iterator[Transfer]:
    """Shows what goes on, in one output that is drawn anew a few times a second.

    A front end that cannot do that gets the last line only.
    """
    transfer, over = Transfer(), threading.Event()
    show = _drawing(call, what, transfer)

    def draw() -> None:
        while not over.wait(_EVERY_SECONDS):
            show(done=False)

    drawing = None
    if call.publisher.front_end != "terminal":
        show(done=False)
        drawing = start_in_background(draw, "dockernb-transfer")
    try:
        yield transfer
    finally:
        over.set()
        if drawing is not None:
            drawing.join()
        show(done=True)


def _drawing(call: MagicCall, what: str, transfer: Transfer) -> Callable[..., None]:
    from dockernb.ui.transfer_view import transfer_html, transfer_text  # noqa: PLC0415

    display_id = uuid.uuid4().hex
    begun = False

    def show(*, done: bool) -> None:
        nonlocal begun
        state = transfer.state
        text = transfer_text(what, state, done=done)
        if call.publisher.front_end == "terminal":
            call.say(text)
            return
        bundle = {"text/plain": text, "text/html": transfer_html(what, state, done=done)}
        if begun:
            call.publisher.update(bundle, {}, display_id)
        else:
            call.publisher.display(bundle, {}, display_id)
        begun = True

    return show
