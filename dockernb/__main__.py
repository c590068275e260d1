"""`python -m dockernb`: the command line."""

from __future__ import annotations

from dockernb.cli import main

if __name__ == "__main__":
    main()
