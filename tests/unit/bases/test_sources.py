"""Archives: what the machine says of them, which make a base, and what an image is told."""

from __future__ import annotations

import pytest

from dockernb.bases.machine import Machine
from dockernb.bases.sources import Source, choose, one_line, options_of, stanza

MIRROR = "http://mirror.test/debian/"
DEB822 = """\
# the mirror
Types: deb
URIs: http://mirror.test/debian
Suites: bookworm
Signed-By: /usr/share/keyrings/one.gpg

Types: deb
URIs: http://mirror.test/security
# a comment
check-valid-until: no
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
"""
ONE_LINE = """\
# deb [trusted=yes] http://mirror.test/debian sid main
deb [arch=amd64 signed-by=/k.gpg trusted=yes] http://mirror.test/debian bookworm main
deb http://mirror.test/debian bookworm-updates main
"""


@pytest.mark.parametrize(
    ("text", "number", "is_deb822", "expected"),
    [
        (DEB822, 1, True, {"Signed-By": "/usr/share/keyrings/one.gpg"}),
        (
            DEB822,
            2,
            True,
            {
                "Check-Valid-Until": "no",
                "Signed-By": "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF",
            },
        ),
        (DEB822, 3, True, {}),
        (ONE_LINE, 1, False, {}),
        (ONE_LINE, 2, False, {"Signed-By": "/k.gpg", "Trusted": "yes"}),
        (ONE_LINE, 3, False, {}),
        (ONE_LINE, 9, False, {}),
    ],
)
def test_trust_is_read_where_the_machine_says_it(
    text: str, number: int, is_deb822: bool, expected: dict[str, str]
) -> None:
    assert options_of(text, number, is_deb822=is_deb822) == expected


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [
        (
            ["bookworm", "bookworm-updates", "bookworm-security", "bookworm-backports", "nodistro"],
            "bookworm",
            ["bookworm", "bookworm-updates", "bookworm-security"],
        ),
        (["trixie", "trixie-security"], "bookworm", ["bookworm", "bookworm-security"]),
        (["stable", "stable-updates"], "trixie", ["trixie", "trixie-updates"]),
        (["bookworm-security", "trixie"], "bookworm", ["bookworm"]),
        (["noble", "noble-updates"], "bookworm", []),
        ([], "bookworm", []),
    ],
)
def test_the_machines_archives_are_asked_for_the_suite(
    found: list[str], wanted: str, chosen: list[str]
) -> None:
    sources = choose([Source(MIRROR, suite) for suite in found], wanted)
    assert [source.suite for source in sources] == chosen


def test_a_source_is_written_with_its_trust() -> None:
    source = Source(MIRROR, "bookworm", {"Signed-By": "/k.gpg"})
    assert stanza(source) == (
        f"Types: deb\nURIs: {MIRROR}\nSuites: bookworm\nComponents: main\nSigned-By: /k.gpg\n"
    )


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (Source(MIRROR, "bookworm"), f"deb {MIRROR} bookworm main\n"),
        (
            Source(MIRROR, "bookworm", {"Trusted": "yes", "Signed-By": "/root/k.gpg"}),
            f"deb [trusted=yes] {MIRROR} bookworm main\n",
        ),
        (
            Source("https://user:secret@mirror.test:8080/debian/", "bookworm"),
            "deb https://mirror.test:8080/debian/ bookworm main\n",
        ),
        (Source("file:/srv/mirror/", "bookworm"), None),
        (Source("cdrom:[disk]/", "bookworm"), None),
    ],
)
def test_an_image_gets_neither_passwords_nor_paths_of_the_machine(
    source: Source, line: str | None
) -> None:
    assert one_line(source) == line


def test_an_image_gets_the_proxy_but_not_its_password() -> None:
    settings = {
        "Acquire::http::Proxy": "http://proxy.test:3128",
        "Acquire::http::Proxy::mirror.test": "DIRECT",
        "Acquire::https::Proxy": "http://user:secret@proxy.test:3128",
        "Acquire::https::CaInfo": "/root/ca.pem",
        "Acquire::Check-Valid-Until": "false",
        "APT::Get::AllowUnauthenticated": "true",
    }
    machine = Machine(settings, ())
    assert set(machine.for_images()) == {
        "Acquire::http::Proxy",
        "Acquire::http::Proxy::mirror.test",
        "Acquire::Check-Valid-Until",
    }
    assert "APT::Get::AllowUnauthenticated" not in machine.for_apt()
    assert machine.for_apt()["Acquire::https::CaInfo"] == "/root/ca.pem"
