from __future__ import annotations

import pytest

from dockernb.dockerfile import Mount, MountOption, RunInstruction, expand, parse, read_mount
from dockernb.dockerfile.mounts import csv_fields, parse_mount
from dockernb.errors import DockerfileSyntaxError


def mount(text: str, **env: str) -> Mount:
    (run,) = parse(f"RUN --mount={text} true")
    assert isinstance(run, RunInstruction)
    return read_mount(run.mounts[0], lambda word: expand(word, env))


def test_mount_is_a_read_only_bind_by_default() -> None:
    assert mount("target=/src") == Mount("bind", target="/src", read_only=True)


def test_cache_and_tmpfs_are_writable_by_default() -> None:
    assert not mount("type=cache,target=/c").read_only
    assert not mount("type=tmpfs,target=/t").read_only


def test_options_keep_what_was_written() -> None:
    option = parse_mount("type=secret,id=a,required")
    assert option == MountOption("secret", (("type", "secret"), ("id", "a"), ("required", "true")))


def test_all_values_are_read() -> None:
    text = "type=cache,id=x,src=/a,dst=/b,sharing=LOCKED,mode=0755,uid=1,gid=2,from=base,ro"
    assert mount(text) == Mount(
        "cache", "base", "/a", "/b", read_only=True, id="x", sharing="locked",
        mode=0o755, uid=1, gid=2,
    )  # fmt: skip
    assert mount("type=tmpfs,target=/t,size=1.5m").size == 1_572_864
    assert mount("type=secret,id=a,env=TOKEN,required=true").env == "TOKEN"


def test_variables_are_put_in_before_the_values_are_judged() -> None:
    assert mount("type=$KIND,target=/$DIR", KIND="cache", DIR="c") == Mount(
        "cache", target="/c", read_only=False
    )
    with pytest.raises(DockerfileSyntaxError, match='unsupported mount type "cash"'):
        mount("type=$KIND,target=/c", KIND="cash")


WRONG = {
    "type=cach,target=/c": 'unsupported mount type "cach" (did you mean cache?)',
    "typ=cache": "unexpected key 'typ' in 'typ=cache' (did you mean type?)",
    "type=cache,target": "invalid field 'target' must be a key=value pair",
    "type=cache,sharing=shred": 'unsupported sharing value "shred" (did you mean shared?)',
    "type=bind,target=/c,mode=0755": 'mode not allowed for "bind" type mounts',
    "type=cache,target=/c,mode=9": "invalid value 9 for mode",
    "type=cache,target=/c,uid=root": "invalid value root for uid",
    "type=cache,target=/c,ro=maybe": "invalid value for ro: maybe",
    "type=tmpfs,target=/c,size=big": "invalid value for size: big",
    "type=cache,target=/c,size=1m": "unexpected key 'size' for mount type 'cache'",
    "required,type=secret,id=a": "unexpected key 'required' for mount type 'bind'",
    "type=secret": "invalid secret mount. one of source, target required",
    "type=secret,id=a,from=b": "secret mount should not have a from",
    "type=secret,id=a,source=b": "both source and id can't be set",
    "type=secret,id=a,sharing=shared": "secret mount should not define sharing",
    "type=bind,target=/c,sharing=shared": "invalid cache sharing set for bind mount",
    "from=$base,target=/c": (
        "'from' doesn't support variable expansion, define alias stage instead"
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_mount_is_refused_when_it_is_parsed(text: str) -> None:
    with pytest.raises(DockerfileSyntaxError) as caught:
        parse(f"RUN --mount={text} true")
    assert caught.value.message == WRONG[text]
    assert caught.value.hint


def test_quoted_field_may_hold_a_comma() -> None:
    assert list(csv_fields('type=bind,"target=/a,b","x=""y"""')) == [
        "type=bind", "target=/a,b", 'x="y"',
    ]  # fmt: skip


@pytest.mark.parametrize("text", ['a"b', '"a', '"a"b,c'])
def test_wrong_quotes_are_refused(text: str) -> None:
    with pytest.raises(DockerfileSyntaxError, match="failed to parse csv"):
        list(csv_fields(text))
