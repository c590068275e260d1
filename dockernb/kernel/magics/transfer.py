"""Magics that give an image away: to a registry, or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dockernb.use.transfer import written_aside

from .progress import shown_progress
from .registry import MagicCall, MagicError, magic
from .target import find_target

__all__: list[str] = []

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
    with shown_progress(call, f"pushing {words[0]}") as transfer:
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
        with shown_progress(call, f"saving {path.name}") as transfer, written_aside(path) as out:
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
