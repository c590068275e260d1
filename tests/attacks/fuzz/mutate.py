"""Inputs made of other inputs: cut, spliced, repeated, and sprinkled with words that mean much."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

__all__ = ["inputs"]

_LARGEST = 20_000
_KEPT = 200
_SIGNS = b"\0\x01\x1b\x7f\x80\xff\n\r\t \"'\\#$%&()*,-./:;<=>?@[]^`{|}~"
_NUMBERS = (b"0", b"-1", b"1e999", b"65536", b"4294967296", b"9" * 20, b"9" * 5000, b"NaN")


def inputs(seeds: Sequence[bytes], words: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """First the seeds, then their descendants, without end; the same for the same `seed`."""
    chance = random.Random(seed)
    pool = list(seeds)
    yield from pool
    while True:
        data = bytearray(chance.choice(pool))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            _change(data, pool, words, chance)
        made = bytes(data[:_LARGEST])
        # Some children are parents, too, so that changes add up.
        if chance.random() < 0.05:
            if len(pool) >= _KEPT:
                pool[chance.randrange(len(seeds), len(pool))] = made
            else:
                pool.append(made)
        yield made


def _change(
    data: bytearray, pool: Sequence[bytes], words: Sequence[bytes], chance: random.Random
) -> None:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 1, 2, 4, 16, 100, 600)))
    match chance.randrange(9):
        case 0 if end > start:
            data[start] ^= 1 << chance.randrange(8)
        case 1:
            data[start:end] = bytes([chance.choice(_SIGNS)])
        case 2:
            data[start:start] = chance.choice(_NUMBERS)
        case 3 if words:
            data[start:start] = chance.choice(words)
        case 4 if words:
            data[start:end] = chance.choice(words)
        case 5:
            del data[start:end]
        case 6:
            data[start:start] = data[start:end] * chance.choice((1, 2, 5, 50))
        case 7:
            other = chance.choice(pool)
            at = chance.randrange(len(other) + 1)
            data[start:end] = other[at : at + chance.choice((1, 8, 60, 600))]
        case _:
            data[start:end] = bytes(chance.randrange(256) for _ in range(end - start))
