"""What a waiting shell is told, so that it becomes the command of a RUN.

The shell is the first process of its container and reads from its stdin. Its last act is to
replace itself (`exec`) by `env -i`, which replaces itself by the command. So the command is process
1, with exactly the environment, arguments and stdin that the daemon would have given it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from dockernb.engines.base import ContainerSpec

__all__ = ["SHELL", "WAITING_ENV", "after_mark", "command_script", "greeting", "greeting_answer"]

SHELL = "/bin/sh"
#: The variables of the shell while it waits. Without any, runc 1.3 sets no HOME either.
WAITING_ENV = {"WAITING": "1"}

# Linux takes 128 KiB for one argument (MAX_ARG_STRLEN). Whatever comes near it is the daemon's.
_MOST_BYTES = 100_000


def greeting(mark: str) -> bytes:
    """Makes the shell answer `greeting_answer` if it can hand over, and something else if not.

    A trial tells whether `env` is there and does what it must: BusyBox, uutils and coreutils do.
    """
    trial = f"""B=2 "$e" -i -- A={mark} {SHELL} -c 'echo "$A$B"' 2>&1 </dev/null"""
    lines = (
        "e=/usr/bin/env",
        '[ -x "$e" ] || e=/bin/env',
        f'if [ -n "$HOME" ] && [ "$({trial})" = {mark} ]; then echo {mark}; else echo no; fi',
    )
    return ("\n".join(lines) + "\n").encode()


def greeting_answer(mark: str) -> bytes:
    return f"{mark}\n".encode()


def command_script(spec: ContainerSpec, mark: str) -> bytes | None:
    """Makes the shell print a line with `mark` and become the command.

    It is one compound command, so it is done only if all of it arrived. The daemon opens
    /dev/null for reading and writing, so `<>`. None: the daemon must start this command, because
    the outcome could differ.
    """
    texts = [*spec.command, *spec.env, *spec.env.values()]
    odd_names = any(not name or "=" in name for name in spec.env)
    if spec.command[:1] != (SHELL,) or odd_names or any("\0" in text for text in texts):
        return None
    if spec.env.get("HOME") == "":  # runc has a mind of its own here
        return None
    words = [shlex.quote(f"{name}={value}") for name, value in _in_order(spec.env)]
    if "HOME" not in spec.env:
        words.append('HOME="$HOME"')  # the runtime looked it up, for this user
    words += [shlex.quote(word) for word in spec.command]
    text = f'{{ echo {mark}; exec "$e" -i -- {" ".join(words)} <>/dev/null; }}\n'
    try:
        script = text.encode()
    except UnicodeEncodeError:
        return None
    return script if len(script) <= _MOST_BYTES else None


def _in_order(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The variables in the daemon's order (moby container.CreateDaemonEnvironment)."""
    first = [name for name in ("PATH", "HOSTNAME") if name in env]
    for name in [*first, *(name for name in env if name not in first)]:
        yield name, env[name]


def after_mark(frames: Iterator[tuple[int, bytes]], mark: str) -> Iterator[bytes | None]:
    """The payloads behind the line with `mark`, the first on stdout; None stands for that line.

    stderr has a pipe of its own, so what the command writes there may overtake the mark: it is
    held back until the mark is there.
    """
    wanted, held = f"{mark}\n".encode(), list[bytes]()
    start = b""
    for stream, payload in frames:
        if stream != 1:
            held.append(payload)
            continue
        start += payload
        if len(start) >= len(wanted):
            break
    if not start.startswith(wanted):
        return
    yield None
    rest = start[len(wanted) :]
    yield from (part for part in (*held, rest) if part)
    for _, payload in frames:
        yield payload
