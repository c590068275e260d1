"""Names of images. The table follows the tests of distribution's reference package."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockernb.errors import OciError
from dockernb.oci.reference import Reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "digest"),
    [
        ("debian", "docker.io", "library/debian", "latest", None),
        ("debian:bookworm-slim", "docker.io", "library/debian", "bookworm-slim", None),
        ("library/debian", "docker.io", "library/debian", "latest", None),
        ("docker.io/debian", "docker.io", "library/debian", "latest", None),
        ("index.docker.io/debian", "docker.io", "library/debian", "latest", None),
        ("team/app", "docker.io", "team/app", "latest", None),
        ("a/b/c:v1.2_3-4", "docker.io", "a/b/c", "v1.2_3-4", None),
        ("localhost/app", "localhost", "app", "latest", None),
        ("localhost:5000/app:1", "localhost:5000", "app", "1", None),
        ("127.0.0.1:5000/team/app", "127.0.0.1:5000", "team/app", "latest", None),
        ("[::1]:5000/app", "[::1]:5000", "app", "latest", None),
        ("[2001:db8::1]/app", "[2001:db8::1]", "app", "latest", None),
        ("ghcr.io/Team".lower() + "/app", "ghcr.io", "team/app", "latest", None),
        ("Host/app", "Host", "app", "latest", None),
        ("app:5000", "docker.io", "library/app", "5000", None),
        ("app:5000/x", "app:5000", "x", "latest", None),
        (f"debian@{DIGEST}", "docker.io", "library/debian", None, DIGEST),
        (f"debian:12@{DIGEST}", "docker.io", "library/debian", "12", DIGEST),
        (f"reg.example:1/a@{DIGEST}", "reg.example:1", "a", None, DIGEST),
        ("a__b/c-d/e.f/g---h", "docker.io", "a__b/c-d/e.f/g---h", "latest", None),
        ("xn--7o8h.com/myimage", "xn--7o8h.com", "myimage", "latest", None),
        ("a:" + "t" * 128, "docker.io", "library/a", "t" * 128, None),
    ],
)
def test_name_is_told_apart(
    text: str, host: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert Reference.parse(text) == Reference(host, repository, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ":",
        "@",
        "/",
        "a/",
        "/a",
        "a//b",
        "a:",
        "a@",
        "Debian",
        "docker.io/Debian",
        "a:t/",
        "a:b:c",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a._b",
        ".a",
        "a/../b",
        "../a",
        "a/./b",
        "reg.example/../../etc",
        "..:5000/a",
        "a b",
        "a\n",
        "a:1\n",
        "reg.example:5000\n/a",
        f"a@{DIGEST}\n",
        "a\0b",
        "a\u0661",
        "reg.example:\u0661/a",
        "a?x",
        "a#x",
        "a%2fb",
        "user:pass@reg.example/a",
        "https://reg.example/a",
        "-reg.example/a",
        "reg-.example/a",
        "reg.example:/a",
        "reg.example:port/a",
        "[::1/a",
        "a:" + "t" * 129,
        "a:-t",
        "a:.t",
        "a@sha256:abc",
        "a@sha512:" + "0" * 128,
        f"a@{DIGEST.upper()}",
        f"a@{DIGEST}@{DIGEST}",
        "a" * 256,
        "reg.example/" + "a" * 250,
        "a" * 250,
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(OciError, match="is no image name") as caught:
        Reference.parse(text)
    assert caught.value.rule


def test_upper_case_is_told() -> None:
    with pytest.raises(OciError) as caught:
        Reference.parse("reg.example/Debian")
    assert "lower case" in str(caught.value.rule)


@pytest.mark.parametrize(
    ("text", "familiar", "full"),
    [
        ("debian", "debian:latest", "docker.io/library/debian:latest"),
        ("team/app:1", "team/app:1", "docker.io/team/app:1"),
        ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
        (f"a@{DIGEST}", f"a@{DIGEST}", f"docker.io/library/a@{DIGEST}"),
        (f"a:1@{DIGEST}", f"a:1@{DIGEST}", f"docker.io/library/a:1@{DIGEST}"),
    ],
)
def test_name_is_written_in_two_ways(text: str, familiar: str, full: str) -> None:
    reference = Reference.parse(text)
    assert reference.familiar == familiar
    assert str(reference) == full
    assert Reference.parse(familiar) == Reference.parse(full) == reference


def test_digest_decides_the_version() -> None:
    assert Reference.parse(f"a:1@{DIGEST}").version == DIGEST
    assert Reference.parse("a:1").version == "1"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["a-" * 50_000, "a." * 50_000 + "/x", "a" * 100_000 + "!"])
def test_long_names_end(text: str) -> None:
    with pytest.raises(OciError) as caught:
        Reference.parse(text)
    assert len(caught.value.format_message()) < 1000


@given(st.text(st.sampled_from("aA0:/@.-_[] \n"), max_size=20))
def test_name_is_refused_or_survives_a_round_trip(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except OciError:
        return
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference
    assert ".." not in f"{reference.host}/{reference.repository}".split("/")
