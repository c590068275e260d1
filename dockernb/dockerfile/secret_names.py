"""Names of variables that are likely to hold a secret, as BuildKit's check tells them."""

from __future__ import annotations

import re

__all__ = ["looks_secret"]

_SECRET = re.compile(
    r"(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)",
    re.IGNORECASE,
)
_PUBLIC = re.compile(r"(?:_|^)public(?:_|$)", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """`API_TOKEN` does, `PUBLIC_KEY` does not."""
    return bool(_SECRET.search(name)) and not _PUBLIC.search(name)
