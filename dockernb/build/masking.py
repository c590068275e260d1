"""Takes secrets out of what a command prints: its log is kept with the step, in the cache and in
the notebook.

A secret is known by its lines, each as it is, in base64 and as JSON writes it. What a command makes
of it otherwise cannot be known.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..engines.base import ContainerSpec, OnOutput

__all__ = ["MASK", "masked"]

MASK = b"***"
# What is shorter would take innocent words out, and tells little.
_LEAST_BYTES = 4


@contextmanager
def masked(on_output: OnOutput, spec: ContainerSpec) -> Iterator[OnOutput]:
    """`on_output` behind a mask for the secrets of `spec`; the rest comes when the block ends."""
    secrets = [mount.content or b"" for mount in spec.mounts if mount.kind == "secret"]
    secrets += [text.encode("utf-8", "surrogateescape") for text in spec.secret_env.values()]
    patterns = _patterns(secrets)
    if not patterns:
        yield on_output
        return
    masker = _Masker(patterns, on_output)
    try:
        yield masker.take
    finally:
        masker.end()


class _Masker:
    """Holds back what may be the beginning of a secret until it is clear."""

    def __init__(self, patterns: list[bytes], on_output: OnOutput) -> None:
        self._patterns = patterns
        self._expression = re.compile(b"|".join(map(re.escape, patterns)))
        self._on_output = on_output
        self._held = b""

    def take(self, data: bytes) -> None:
        data = self._held + data
        start = min(_begin_of(pattern, data) for pattern in self._patterns)
        for match in self._expression.finditer(data):
            if match.start() < start < match.end():  # it may turn out to be a longer one
                start = match.start()
        self._give(data[:start])
        self._held = data[start:]

    def end(self) -> None:
        self._give(self._held)
        self._held = b""

    def _give(self, data: bytes) -> None:
        if data:
            self._on_output(self._expression.sub(MASK, data))


def _begin_of(pattern: bytes, data: bytes) -> int:
    """Where the end of `data` may be the beginning of `pattern`; else the length of `data`."""
    position = max(0, len(data) - len(pattern) + 1)
    while (position := data.find(pattern[:1], position)) >= 0:
        if pattern.startswith(data[position:]):
            return position
        position += 1
    return len(data)


def _patterns(secrets: Iterable[bytes]) -> list[bytes]:
    """The longest first, so that none hides a part of another."""
    found: set[bytes] = set()
    for secret in secrets:
        for form in (secret, secret.rstrip(b"\r\n")):
            found.add(base64.b64encode(form))
        for line in re.split(b"[\r\n]+", secret):
            text = json.dumps(line.decode("utf-8", "replace"))[1:-1].encode()
            found |= {line, line.strip(), base64.b64encode(line), text}
    return sorted((each for each in found if len(each) >= _LEAST_BYTES), key=len, reverse=True)
