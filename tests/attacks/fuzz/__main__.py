"""See the package."""

from __future__ import annotations

import argparse
import time
import traceback

from .run import fuzz
from .targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.fuzz")
    parser.add_argument("target", nargs="*", help=f"of {', '.join(TARGETS)}; else all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    told = parser.parse_args()
    failed = 0
    for target in told.target or TARGETS:
        tried, failure = fuzz(target, told.seconds, told.seed)
        print(f"{target}: {tried:,} inputs, seed {told.seed}", flush=True)
        if failure is not None:
            failed += 1
            print(f"FAILED, saved as {failure.save(target)}")
            traceback.print_exception(failure.error)
    return 1 if failed else 0


raise SystemExit(main())
