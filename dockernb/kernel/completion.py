"""Tab: what can stand at the cursor."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockernb.dockerfile.reference import INSTRUCTIONS

from .context_paths import complete_path
from .cursor import Place, place_at
from .execution import Workspace
from .magics import all_magics

if TYPE_CHECKING:
    from dockernb.session import Session

__all__ = ["Candidate", "complete", "complete_reply"]

_VARIABLE = re.compile(r"\$(?P<brace>\{?)(?P<name>\w*)\Z")
_JSON_START = re.compile(r'[\["]*')
_PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le")
_SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGWINCH")
_MOUNT_KEYS = {
    "bind": ("target=", "source=", "from=", "rw"),
    "cache": ("target=", "id=", "sharing=", "from=", "source=", "mode=", "uid=", "gid=", "ro"),
    "tmpfs": ("target=", "size="),
    "secret": ("id=", "target=", "env=", "required", "mode=", "uid=", "gid="),
    "ssh": ("id=", "target=", "required", "mode=", "uid=", "gid="),
}
_SHARING = ("shared", "private", "locked")


@dataclass(frozen=True)
class Candidate:
    """One completion.

    Args:
        text: What replaces the last `replaces` characters before the cursor.
        kind: Shown beside it: keyword, flag, stage, variable, image, path, magic, value.
    """

    text: str
    kind: str
    replaces: int


def complete_reply(code: str, cursor: int, workspace: Workspace) -> dict[str, Any]:
    """Content of a complete_reply (without `status`)."""
    found = complete(code, cursor, workspace)
    # One reply replaces one range: it begins where the longest replacement begins.
    longest = max((candidate.replaces for candidate in found), default=0)
    start = cursor - longest
    matches: dict[str, str] = {}
    for candidate in found:
        kept = code[start : cursor - candidate.replaces]
        matches.setdefault(kept + candidate.text, candidate.kind)
    return {
        "matches": list(matches),
        "cursor_start": start,
        "cursor_end": cursor,
        "metadata": {
            "_jupyter_types_experimental": [
                {"start": start, "end": cursor, "text": text, "type": kind}
                for text, kind in matches.items()
            ]
        },
    }


def complete(code: str, cursor: int, workspace: Workspace) -> list[Candidate]:
    """What can stand at the cursor; empty when nothing is known."""
    place = place_at(code, cursor).inner()
    if place.kind == "comment":
        return []
    if place.kind == "magic":
        return _magics(place, workspace)
    variable = _VARIABLE.search(place.word)
    if variable is not None:
        return _variables(variable, workspace.session.get())
    if place.kind == "heredoc":
        return []
    words = place.words
    if not words:
        return _instructions(place.word)
    name, flags_end = words[0].upper(), all(word.startswith("--") for word in words[1:])
    if place.word.startswith("--") and flags_end:
        return _flags(name, place, workspace)
    arguments = [word for word in words[1:] if not word.startswith("--")]
    completer = _ARGUMENTS.get(name)
    return completer(place, arguments, workspace) if completer else []


def _matching(words: Iterable[str], typed: str, kind: str) -> list[Candidate]:
    """The words that begin with `typed`, letter case aside."""
    return [
        Candidate(word, kind, len(typed))
        for word in words
        if word.lower().startswith(typed.lower())
    ]


def _instructions(typed: str) -> list[Candidate]:
    lower = typed != "" and typed == typed.lower()
    names = (name.lower() if lower else name for name in INSTRUCTIONS)
    return _matching(names, typed, "keyword")


def _variables(found: re.Match[str], session: Session) -> list[Candidate]:
    name, close = found["name"], "}" if found["brace"] else ""
    return [
        Candidate(variable + close, "variable", len(name))
        for variable in sorted(session.scope().variables)
        if variable.startswith(name)
    ]


# --- flags ------------------------------------------------------------------------------------
def _flags(name: str, place: Place, workspace: Workspace) -> list[Candidate]:
    entry = INSTRUCTIONS.get(name)
    if entry is None:
        return []
    flag_name, equals, value = place.word.partition("=")
    if not equals:
        texts = [flag.name + ("=" if flag.value else "") for flag in entry.flags]
        return _matching(texts, place.word, "flag")
    flag = next((flag for flag in entry.flags if flag.name == flag_name), None)
    if flag is None:
        return []
    if flag_name == "--mount":
        return _mount(value, workspace)
    if flag_name == "--from":
        return _stages_and_images(value, workspace)
    values = _PLATFORMS if flag_name == "--platform" else flag.values
    return _matching(values, value, "value")


def _mount(value: str, workspace: Workspace) -> list[Candidate]:
    *before, last = value.split(",")
    key, equals, typed = last.partition("=")
    options = dict(option.partition("=")[::2] for option in before)
    kind = options.get("type", "bind")
    if not equals:
        keys = () if "type" in options else ("type=",)
        return _matching((*keys, *_MOUNT_KEYS.get(kind, ())), last, "flag")
    if key == "type":
        return _matching(_MOUNT_KEYS, typed, "value")
    if key == "sharing":
        return _matching(_SHARING, typed, "value")
    if key == "from":
        return _stages_and_images(typed, workspace)
    if key in ("source", "src") and kind == "bind" and "from" not in options:
        return _paths(typed, workspace)
    return []


# --- arguments ----------------------------------------------------------------------------------
def _stages_and_images(typed: str, workspace: Workspace) -> list[Candidate]:
    stages = _matching(workspace.session.get().scope().stages, typed, "stage")
    return stages + _matching(local_images(workspace.session.get()), typed, "image")


def _from(place: Place, arguments: list[str], workspace: Workspace) -> list[Candidate]:
    if not arguments:
        scratch = _matching(("scratch",), place.word, "image")
        return _stages_and_images(place.word, workspace) + scratch
    return _matching(("AS",), place.word, "keyword") if len(arguments) == 1 else []


def _copy(place: Place, _arguments: list[str], workspace: Workspace) -> list[Candidate]:
    if any(word.startswith("--from=") for word in place.words):
        return []
    start = _JSON_START.match(place.word)
    return _paths(place.word[start.end() if start else 0 :], workspace)


def _paths(typed: str, workspace: Workspace) -> list[Candidate]:
    root = workspace.session.get().context_root
    return [Candidate(path, "path", len(typed)) for path in complete_path(root, typed)]


def _healthcheck(place: Place, arguments: list[str], _workspace: Workspace) -> list[Candidate]:
    return [] if arguments else _matching(("CMD", "NONE"), place.word, "keyword")


def _stopsignal(place: Place, arguments: list[str], _workspace: Workspace) -> list[Candidate]:
    return [] if arguments else _matching(_SIGNALS, place.word, "value")


def _onbuild(place: Place, arguments: list[str], _workspace: Workspace) -> list[Candidate]:
    return [] if arguments else _instructions(place.word)


_ARGUMENTS: dict[str, Callable[[Place, list[str], Workspace], list[Candidate]]] = {
    "FROM": _from,
    "COPY": _copy,
    "ADD": _copy,
    "HEALTHCHECK": _healthcheck,
    "STOPSIGNAL": _stopsignal,
    "ONBUILD": _onbuild,
}


# --- magics -------------------------------------------------------------------------------------
def _magics(place: Place, workspace: Workspace) -> list[Candidate]:
    words = place.words
    if not words:
        return _matching([entry.written for entry in all_magics()], place.word, "magic")
    if words[0] == "%context":
        return [found for found in _paths(place.word, workspace) if found.text.endswith("/")]
    if words[0] == "%arg":
        return _matching(sorted(workspace.build_args), place.word, "variable")
    if words[0] == "%check":
        names = sorted(path.stem for path in Path("checks").glob("*.toml"))
        return _matching(names, place.word, "value")
    if words[0] == "%help":
        return _matching([entry.name for entry in all_magics()], place.word, "magic")
    entry = next((entry for entry in all_magics() if entry.written == words[0]), None)
    return _matching(entry.values, place.word, "value") if entry else []


# --- images ---------------------------------------------------------------------------------------
_IMAGES_SECONDS = 10.0
_images: tuple[float, Session, list[str]] | None = None


def local_images(session: Session) -> list[str]:
    """Image names on the engine; asked for at most every ten seconds."""
    global _images  # noqa: PLW0603 - one engine's list, for a moment
    now = time.monotonic()
    if _images is None or _images[1] is not session or now - _images[0] > _IMAGES_SECONDS:
        _images = (now, session, session.local_references())
    return _images[2]
