from __future__ import annotations

import pytest

from dockernb.engines.base import Port
from dockernb.use.run_options import OptionError, parse_port, parse_run_options


def test_options_stand_before_the_arguments() -> None:
    line = "-p 8080:80 -p9000 -P -e A=1 --env=B --env C --name web --of base sh -c x -p 1"
    words = line.split()
    options = parse_run_options(words, {"B": "from here"})
    assert options.name == "web"
    assert options.of == "base"
    assert options.spec.ports == (Port(80, 8080), Port(9000))
    assert options.spec.publish_exposed
    assert options.spec.env == {"A": "1", "B": "from here"}
    assert options.spec.arguments == ("sh", "-c", "x", "-p", "1")
    assert parse_run_options(["--", "-x"]).spec.arguments == ("-x",)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("80", Port(80)),
        ("8080:80", Port(80, 8080)),
        (":80", Port(80)),
        ("127.0.0.1:8080:80", Port(80, 8080)),
        ("localhost::53/udp", Port(53, 0, "udp")),
    ],
)
def test_ports_are_written_as_for_docker_run(text: str, port: Port) -> None:
    assert parse_port(text) == port


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "0.0.0.0:80:80"], "open to other machines"),
        (["-p", "192.168.0.1:80:80"], "open to other machines"),
        (["-p", "70000"], "the highest is 65535"),
        (["-p", "0"], "the highest is 65535"),
        (["-p", "80-90"], "is no port"),
        (["-p"], "-p needs a value"),
        (["-e", "=x"], "-e needs NAME=VALUE"),
        (["--name", "<b>"], "is no name"),
        (["--nam=x"], 'unknown option "--nam=x"'),
        (["-it"], 'unknown option "-it"'),
    ],
)
def test_what_cannot_be_used_is_said(words: list[str], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        parse_run_options(words)
