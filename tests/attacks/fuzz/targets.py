"""What is fuzzed: each target takes bytes and either works or answers with an error of ours."""

from __future__ import annotations

import contextlib
import html.parser
import io
import json
import re
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dockernb.cli.terminal import clean
from dockernb.dockerfile.completeness import is_complete
from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.dockerfile.magics import split_magics, without_magics
from dockernb.dockerfile.parse import parse
from dockernb.engines.embedded.files.apply import apply_tar
from dockernb.engines.embedded.files.owners import NOTED
from dockernb.errors import DockerfileError, NotebookError, OciError, RegistryError
from dockernb.notebook.cells import parse_notebook
from dockernb.notebook.exporter import export_notebook
from dockernb.notebook.importer import import_dockerfile
from dockernb.oci.bounded_tar import open_tar
from dockernb.oci.config import ImageConfig
from dockernb.oci.manifest import parse_document
from dockernb.oci.registry.challenge import parse_challenges
from dockernb.oci.registry.credentials import DockerCredentials
from dockernb.ui.card_model import card_json, from_card_json
from dockernb.ui.html import card_html
from dockernb.ui.text import card_text
from tests.attacks.tars import END, header, hostile_tars
from tests.unit.ui import samples

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """Something that reads what a stranger wrote.

    Args:
        run: Raises what is none of our errors, or AssertionError, where it fails.
        words: What means something to it.
    """

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]
    words: Sequence[bytes] = ()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _fails_only_with(
    errors: type[Exception] | tuple[type[Exception], ...], run: Callable[[], object]
) -> None:
    with contextlib.suppress(*(errors if isinstance(errors, tuple) else (errors,))):
        run()


def _parser(data: bytes) -> None:
    _fails_only_with(DockerfileError, lambda: parse(_text(data)))


def _cell(data: bytes) -> None:
    text = _text(data)
    split_magics(text)
    is_complete(without_magics(text) or "")


def _importer(data: bytes) -> None:
    text = _text(data)
    notebook = json.dumps(import_dockerfile(text))
    assert export_notebook(parse_notebook(notebook)) == text, "not the same text"


def _notebook(data: bytes) -> None:
    _fails_only_with(
        (NotebookError, DockerfileError), lambda: export_notebook(parse_notebook(_text(data)))
    )


def _ignore(data: bytes) -> None:
    patterns, _, paths = data[:3000].partition(b"\0")
    text = patterns.decode("utf-8", "surrogateescape")

    def run() -> None:
        ignore = DockerIgnore.parse(text)
        for path in (paths[:300].decode("utf-8", "surrogateescape"), "a/b/a.log", "a" * 60):
            if path:
                assert (ignore.deciding_line(path) is None) == (not ignore.excludes(path))

    _fails_only_with(DockerfileError, run)


def _tar(data: bytes) -> None:
    def run() -> None:
        with open_tar(io.BytesIO(data), most_bytes=1 << 20, allows_sparse=True) as archive:
            for member in archive:
                if member.isreg() and (content := archive.extractfile(member)):
                    assert len(content.read()) <= 1 << 20

    _fails_only_with(tarfile.TarError, run)


def _layer(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = Path(folder, "root")
        root.mkdir()
        _fails_only_with(OciError, lambda: apply_tar(io.BytesIO(data), str(root), NOTED))
        assert [path.name for path in Path(folder).iterdir()] == ["root"], "outside of the root"


def _config(data: bytes) -> None:
    def run() -> None:
        config = ImageConfig.from_bytes(data)
        assert ImageConfig.from_bytes(config.to_bytes()) == config, "another config"
        assert isinstance(config.runtime.environment, dict)

    _fails_only_with(OciError, run)


def _manifest(data: bytes) -> None:
    _fails_only_with(OciError, lambda: parse_document(data))


def _logins(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        Path(folder, "config.json").write_bytes(data)
        message = ""
        try:
            found = DockerCredentials(Path(folder)).find("registry.example")
            assert found is None or found.basic()
        except RegistryError as error:
            message = error.format_message()
        assert "cGFzc3dvcmQ" not in message, "a secret in a message"


def _challenge(data: bytes) -> None:
    for challenge in parse_challenges(data.decode("latin-1")):
        assert challenge.scheme == challenge.scheme.lower()


class _Tags(html.parser.HTMLParser):
    """Notes what a browser might run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.live: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        values = " ".join(value or "" for _, value in attrs)
        if tag not in _PLAIN_TAGS or names - _PLAIN_ATTRIBUTES or "url(" in values:
            self.live.append(f"{tag} {attrs}")


_PLAIN_TAGS = {
    *("div", "span", "p", "pre", "code", "b", "i", "small", "strong", "details", "summary", "ul"),
    *("li", "table", "thead", "tbody", "tr", "td", "th"),
}
_PLAIN_ATTRIBUTES = {"style", "class", "title", "role", "aria-label", "open"}


def _card(data: bytes) -> None:
    try:
        view = from_card_json(json.loads(data))
    except (ValueError, RecursionError):
        return
    page = card_html(view)
    tags = _Tags()
    tags.feed(page)
    tags.close()
    assert not tags.live, tags.live[:3]
    assert len(page) <= 50_000, "a page without end"
    page.encode()
    card_text(view).encode()


def _terminal(data: bytes) -> None:
    cleaned = clean(data.decode("latin-1"))
    assert re.fullmatch(r"(?:\x1b\[[0-9;:]*m|[^\x00-\x08\x0b-\x1f\x7f-\x9f])*", cleaned)


_DOCKERFILES = (
    b"FROM a AS b\nRUN --mount=type=secret,id=k echo $A \\\n  && b\nCOPY --from=b . /x\n",
    b'# escape=`\nFROM a\nRUN <<EOF\nx\nEOF\nCMD ["a", "b"]\nENV a=b \'c d\'="e"\n',
    b"ARG A=1\nFROM ${A:-b}\nONBUILD ADD http://x/y /z\nHEALTHCHECK --interval=5s CMD a\n",
    b"%arg A=1\n%%shell\nFROM a\r\nCOPY <<-E /f\r\n\ta\r\nE\r\n",
)
_DOCKERFILE_WORDS = tuple(
    b"FROM |RUN |COPY |ADD |ENV |ARG |ONBUILD |HEALTHCHECK |SHELL [|LABEL |VOLUME [|<<EOF\n|EOF\n"
    b"|<<-'E'|\\\n|`\n|# escape=`\n|# syntax=a\n|--mount=type=|--from=|${|:-|${A%%b}|%arg |%crlf\n"
    b"|\r\n|\xef\xbb\xbf|\xe2\x80\xa8|\t|\0".split(b"|")
)
_JSON_WORDS = (
    *(b"{}", b"[]", b"null", b"true", b"1e400", b"-1", b'""', b'"\\ud800"'),
    *(b"[" * 300, b'{"a":' * 300),
)
_CARDS = tuple(
    json.dumps(card_json(each, model_id="m")).encode()
    for each in (samples.built(), samples.failed(), samples.cached(), samples.configured())
)
_CONFIG = b"""{"os": "linux", "architecture": "amd64", "config": {"Env": ["A=b"], "Cmd": ["sh"],
 "Labels": {"a": "b"}, "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5}, "Volumes": {"/v": {}},
 "OnBuild": ["RUN x"]}, "rootfs": {"diff_ids": ["sha256:%s"]}, "history": [{"created_by": "x"}]}
""" % (b"a" * 64)
_MANIFEST = b"""{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
 "config": {"mediaType": "x", "digest": "sha256:%s", "size": 5}, "layers": [{"digest": "sha256:%s",
 "size": 7, "annotations": {"a": "b"}}]}""" % (b"a" * 64, b"b" * 64)
_INDEX = _MANIFEST.replace(b"manifest.v1", b"index.v1").replace(b'"layers"', b'"manifests"')
_LOGINS = b"""{"auths": {"registry.example": {"auth": "bmFtZTpwYXNzd29yZA=="},
 "https://other/v1/": {"username": "a", "password": "cGFzc3dvcmQ", "identitytoken": "t"}},
 "credHelpers": {"elsewhere": "x"}}"""
_NOTEBOOK = json.dumps(import_dockerfile(_DOCKERFILES[0].decode())).encode()
_TARS = (
    *(data + END for data, _ in hostile_tars.values()),
    header(content=b"x" * 600) + header(tarfile.SYMTYPE, name="l", linkname="x") + END,
    header(tarfile.DIRTYPE, name="d") + header(tarfile.LNKTYPE, name="d/h", linkname="x") + END,
)

TARGETS = {
    "parser": Target(_parser, _DOCKERFILES, _DOCKERFILE_WORDS),
    "cell": Target(_cell, _DOCKERFILES, _DOCKERFILE_WORDS),
    "importer": Target(_importer, _DOCKERFILES, _DOCKERFILE_WORDS),
    "notebook": Target(
        _notebook, (_NOTEBOOK, _NOTEBOOK.replace(b'"nbformat": 4', b'"nbformat": 3')), _JSON_WORDS
    ),
    "ignore": Target(
        _ignore,
        (b"*.log\n!a/**/b\n[a-z]?/**\0a/b/c.log", b"**/a*b*c*d\n#x\n!!\n\\*\0a/a/abcd"),
        (b"**", b"**/", b"*", b"[^", b"[a-", b"\\", b"!", b"/", b"..", b"\n", b"]"),
    ),
    "tar": Target(_tar, _TARS, (header(), header(tarfile.XHDTYPE, 30), b"30 path=", b"ustar  \0")),
    "layer": Target(_layer, _TARS, (header(name="../x"), header(tarfile.LNKTYPE, linkname="x"))),
    "config": Target(_config, (_CONFIG,), _JSON_WORDS),
    "manifest": Target(_manifest, (_MANIFEST, _INDEX), _JSON_WORDS),
    "logins": Target(_logins, (_LOGINS,), _JSON_WORDS),
    "challenge": Target(
        _challenge,
        (b'Bearer realm="https://a/b",scope="x\\"y", Basic realm=a',),
        (b"Bearer ", b'"', b"\\", b",", b"="),
    ),
    "card": Target(_card, _CARDS, (*_JSON_WORDS, b"<img src=x onerror=x>", b"\x1b[31m", b"&lt;")),
    "terminal": Target(
        _terminal,
        (b"\x1b[31mred\x1b[0m\x1b]0;t\x07\x1b[2J\x9b2J",),
        (b"\x1b", b"\x1b[", b"\x1b]", b"\x07", b"\x1b\\", b"m", b"\x9b"),
    ),
}
