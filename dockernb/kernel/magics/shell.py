"""`%%shell`: commands in a container that is thrown away."""

from __future__ import annotations

import codecs

from dockernb.use.throwaway import Tried, try_commands

from .registry import MagicCall, MagicError, magic
from .target import find_target
from .terminal import failed_cell

__all__: list[str] = []

_USAGE = "%%shell [--of WHAT | --failed [CELL]]"


@magic(_USAGE, values=("--of", "--failed"), options={"--of": "snapshot"})
def shell(call: MagicCall) -> None:
    """Runs commands in a throw-away container from the snapshot of the cell above.

    The image's shell runs them as its user, in its folder. Nothing is committed; what would have
    changed is told. --of names a stage, another snapshot by its ID, or an image; --failed takes
    what a failed RUN left, the newest one or that of the code cell with the number CELL.
    """
    words = call.words(2)
    image_id = _image(call, words)
    if not call.body.strip():
        raise MagicError("there is nothing to run", hint="Write the commands below %%shell.")
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    last = "\n"

    def show(data: bytes) -> None:
        nonlocal last
        text = decode(data)
        call.publisher.stream(text)
        last = text[-1:] or last

    tried = try_commands(call.session.engine(), image_id, call.body, show, call.cancel)
    call.say(("" if last == "\n" else "\n") + _summary(tried))


def _image(call: MagicCall, words: list[str]) -> str:
    if words[:1] == ["--failed"]:
        cell = failed_cell(call, words[1] if len(words) > 1 else "")
        return call.session.failed.find(cell).files.image().id
    if words and (words[0] != "--of" or len(words) != 2):
        raise MagicError("%%shell takes --of WHAT or --failed", hint=f"usage: {_USAGE}")
    return find_target(call, words[1] if words else "").image_id


def _summary(tried: Tried) -> str:
    from dockernb.ui.thrown_away import thrown_away, thrown_away_paths  # noqa: PLC0415

    rows = [f"[exit code {tried.exit_code}] {thrown_away(tried.diff)}"]
    return "\n".join([*rows, *thrown_away_paths(tried.diff)])
