"""What a command prints of a secret is not kept."""

from __future__ import annotations

import base64
import json

import pytest

from dockernb.build.masking import masked
from dockernb.engines.base import ContainerSpec, Mount

SECRET = b'pass "word" one\nline-two\n'


def printed(*pieces: bytes, secret: bytes = SECRET, env: str = "") -> bytes:
    spec = ContainerSpec(
        mounts=(Mount("secret", "/s", content=secret),), secret_env={"S": env} if env else {}
    )
    seen: list[bytes] = []
    with masked(seen.append, spec) as on_output:
        for piece in pieces:
            on_output(piece)
    return b"".join(seen)


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        b'x pass "word" one y',
        b"line-two",
        base64.b64encode(SECRET),
        base64.b64encode(SECRET.rstrip()),
        base64.b64encode(b"line-two"),
        json.dumps(SECRET.decode()).encode(),
    ],
)
def test_forms_of_a_secret_are_masked_wherever_the_output_is_cut(form: bytes) -> None:
    whole = printed(b"before ", form, b" after")
    assert whole.startswith(b"before ")
    assert whole.endswith(b" after")
    assert b"***" in whole
    for part in (b"word", b"line-two", base64.b64encode(SECRET)[:12]):
        assert part not in whole
    for cut in range(len(form)):
        assert printed(b"before " + form[:cut], form[cut:] + b" after") == whole


def test_other_output_comes_at_once_and_unchanged() -> None:
    assert printed(b"line-", b"one\n") == b"line-one\n"
    assert printed(b"all of it", secret=b"abc") == b"all of it"  # too short to tell
    seen: list[bytes] = []
    with masked(seen.append, ContainerSpec(secret_env={"S": "hunter2"})) as on_output:
        on_output(b"progress 10%")
        assert seen == [b"progress 10%"]
        on_output(b"hun")
        assert seen == [b"progress 10%"]
    assert seen[-1] == b"hun"


def test_variables_are_masked_too() -> None:
    assert printed(b"token=hunter2\n", secret=b"", env="hunter2") == b"token=***\n"
