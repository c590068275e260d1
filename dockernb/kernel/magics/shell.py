"""`%%shell`: commands in a container that is thrown away."""

from __future__ import annotations

import codecs

from dockernb.use.throwaway import Tried, try_commands

from .registry import MagicCall, MagicError, magic
from .target import find_target

__all__: list[str] = []

_MOST_PATHS = 20


@magic("%%shell [--of WHAT]", values=("--of",), options={"--of": "snapshot"})
def shell(call: MagicCall) -> None:
    """Runs commands in a throw-away container from the snapshot of the cell above.

    The image's shell runs them as its user, in its folder. Nothing is committed; what would have
    changed is told. --of names a stage, another snapshot by its ID, or an image.
    """
    words = call.words(2)
    if words and (words[0] != "--of" or len(words) != 2):
        raise MagicError("%%shell takes --of WHAT", hint="usage: %%shell [--of WHAT]")
    if not call.body.strip():
        raise MagicError("there is nothing to run", hint="Write the commands below %%shell.")
    target = find_target(call, words[1] if words else "")
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    last = "\n"

    def show(data: bytes) -> None:
        nonlocal last
        text = decode(data)
        call.publisher.stream(text)
        last = text[-1:] or last

    engine = call.session.engine()
    tried = try_commands(engine, target.image_id, call.body, show, call.cancel)
    call.say(("" if last == "\n" else "\n") + _summary(tried))


def _summary(tried: Tried) -> str:
    from dockernb.ui.figures import format_bytes, format_count  # noqa: PLC0415
    from dockernb.ui.visible import visible  # noqa: PLC0415

    diff = tried.diff
    rows = [f"[exit code {tried.exit_code}]"]
    if not diff.entries:
        return f"{rows[0]} no file was changed"
    counts = diff.counts
    rows[0] += (
        f" thrown away: {counts['A']} added, {counts['M']} modified, {counts['D']} deleted, "
        f"{format_bytes(diff.bytes)}"
    )
    entries = [entry for entry in diff.entries if entry.type != "dir"] or list(diff.entries)
    rows += [f"  {entry.change} {visible(entry.path)}" for entry in entries[:_MOST_PATHS]]
    more = len(diff.entries) - min(len(entries), _MOST_PATHS)
    if more > 0:
        rows.append(f"  and {format_count(more, 'entry', 'entries')} more (folders included)")
    return "\n".join(rows)
