"""--chmod: an octal number.

What is no octal number has no effect in BuildKit 0.13 (Docker 26.1); the reader is warned, because
newer ones apply symbolic modes (`u+x`) and refuse the rest.
"""

from __future__ import annotations

import re

__all__ = ["chmod_warnings", "parse_chmod"]

_OCTAL = re.compile(r"[0-7]+")
# BuildKit reads 32 bits and hands them on as a signed number, in which -1 means "no mode".
_NO_MODE = 0xFFFFFFFF
_KEPT = 0o7777


def parse_chmod(chmod: str) -> int | None:
    """The mode that `--chmod` gives to the files; None: they keep theirs."""
    number = int(chmod[:64], 8) if _OCTAL.fullmatch(chmod) else _NO_MODE
    return number & _KEPT if number < _NO_MODE else None


def chmod_warnings(chmod: str) -> tuple[str, ...]:
    """Says so when `--chmod` has no effect."""
    if not chmod or parse_chmod(chmod) is not None:
        return ()
    warning = (
        f'--chmod="{chmod}" has no effect: only an octal number such as 755 counts here, as in '
        "Docker 26.1. Newer builders apply symbolic modes such as u+x"
    )
    return (warning,)
