"""What each rule finds in one image, and what it says of what it does not find."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockernb.checks.document import Document
from dockernb.checks.exercise import parse_exercise
from dockernb.checks.subject import Finding, Subject
from dockernb.errors import BuildInterruptedError

from .answers import Answer, Bench

pytestmark = pytest.mark.embedded

DOCKERFILE = r"""
FROM debian:bookworm-slim AS lower
RUN echo "key=s3cr3t-of-lower" > /etc/lower.conf && rm -rf /var/cache
RUN rm /etc/lower.conf
FROM lower
RUN mkdir /app && echo hello > /app/run && ln -s /app /link \
    && chmod 751 /app/run && chown 7:mail /app/run
RUN mkdir /many && for n in $(seq 30); do echo $n > /many/$n; done
ENV PORT=80 MODE=
LABEL kind=test
EXPOSE 80
VOLUME /data
USER nobody
STOPSIGNAL SIGINT
HEALTHCHECK CMD test -e /app/run
ENTRYPOINT ["/bin/echo"]
CMD ["one", "two"]
"""


@pytest.fixture(scope="module")
def subject(embedded: Bench, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    context = tmp_path_factory.mktemp("rules") / "context"
    return embedded.built(Answer("", "rules", DOCKERFILE), context)


def finding(subject: Subject, rule: str) -> Finding:
    words = 'name = "n"\nsays = "s"\nmissing = "m"\nhints = ["h"]'
    document = Document("x", f'title = "T"\n[[expect]]\n{words}\n{rule}\n')
    return parse_exercise("x", document).expectations[0].rule.examine(subject)


@pytest.mark.parametrize(
    "rule",
    [
        'file.path = "/app/run"\nfile.type = "file"\nfile.mode = "0751"\nfile.content = "hello\\n"',
        'file.path = "/app/run"\nfile.owner = "7:8"',
        'file.path = "/app/run"\nfile.owner = "lp:mail"\nfile.size_below = "7 B"',
        'file.path = "/app"\nfile.type = "dir"\nfile.owner = "root"',
        'file.path = "/link"\nfile.type = "symlink"',
        'file.path = "/link/run"\nfile.type = "file"',
        'file.path = "/nothing"\nfile.exists = false',
        'config.start = ["/bin/echo", "one", "two"]\nconfig.env.PORT = "80"',
        'config.user = { one_of = ["nobody", "www-data"] }',
        'config.labels.kind = "test"\nconfig.exposed = ["80/tcp"]\nconfig.volumes = ["/data"]',
        'config.healthcheck = { matches = "^CMD-SHELL test -e" }\nconfig.stop_signal = "SIGINT"',
        'config.working_dir = { set = false }\nconfig.env.MODE = { set = false }',
        'image.size_below = "200 MB"\nimage.layers_at_most = 4',
        'history.has = "^EXPOSE"\nhistory.lacks = "^COPY"\nhistory.order = ["mkdir", "^ENV"]',
        'secret.text = "nowhere to be found"',
        'run.start = true\nrun.output = "one two"',
        'run.args = ["three"]\nrun.output = "three"',
        'run.command = "id -un; echo $PORT; pwd"\nrun.output = "nobody\\n80\\n/"',
        'run.command = ["id", "-u"]\nrun.user = "0"\nrun.output = "0"',
        'run.command = "exit 3"\nrun.exit_code = 3',
        "run.healthcheck = true",
    ],
)  # fmt: skip
def test_rule_holds(subject: Subject, rule: str) -> None:
    found = finding(subject, rule)
    assert found.ok, found


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ('file.path = "/nothing"', "/nothing is not there"),
        ('file.path = "/app/run"\nfile.exists = false', "/app/run is there"),
        ('file.path = "/app/run"\nfile.type = "dir"', "/app/run is a file"),
        ('file.path = "/app/run"\nfile.mode = "0644"', "/app/run has the mode 0751"),
        ('file.path = "/app/run"\nfile.owner = "root"', "/app/run belongs to lp:mail"),
        ('file.path = "/app/run"\nfile.content = "x"', '/app/run begins with "hello\n"'),
        ('file.path = "/app"\nfile.content = "x"', "/app begins with not set"),
        ('config.cmd = ["one"]', 'CMD: ["one", "two"]'),
        ('config.env.TOWN = "Oslo"', "ENV TOWN: not set"),
        ('config.exposed = ["81/tcp"]', 'EXPOSE: ["80/tcp"]'),
        ("image.layers_at_most = 3", "the steps made 4 layers"),
        ('history.lacks = "^EXPOSE"', "`EXPOSE map[80/tcp:{}]`"),
        ('secret.text = "s3cr3t-of-lower"', "it stands in the history, in the line of a RUN"),
        ('secret.text = "80/tcp\\":{}"', "it stands in the image config"),
        ('run.command = "exit 3"', "it ended with exit code 3"),
        ('run.command = "sleep 60"\nrun.within = "300 ms"', "it did not end within 0.3 s"),
        ('run.command = "echo x"\nrun.output = "y"', "it printed something else"),
        ('start.probe = "true"\nstart.args = []', "it ended at once with exit code 0"),
    ],
)  # fmt: skip
def test_rule_says_what_is_there_instead(subject: Subject, rule: str, found: str) -> None:
    assert finding(subject, rule) == Finding(False, found, finding(subject, rule).output)


def test_a_secret_is_found_in_files_of_every_layer(embedded: Bench, tmp_path: Path) -> None:
    dockerfile = (
        "FROM debian:bookworm-slim AS lower\nCOPY one.txt /one\nRUN rm /one\nFROM lower\n"
        "COPY folder /many\n"
    )
    files = {"one.txt": "first-key", **{f"folder/{n}": str(n) for n in range(30)}}
    files["folder/30"] = "x" * (1 << 16) + "last-key"
    subject = embedded.built(Answer("", "secrets", dockerfile, files), tmp_path / "context")
    assert finding(subject, 'secret.text = "first-key"').found.startswith("it stands in /one,")
    assert finding(subject, 'secret.text = "last-key"').found.startswith("it stands in /many/30,")
    assert finding(subject, 'secret.text = "third-key"').ok


def test_an_interrupt_ends_the_check(subject: Subject) -> None:
    subject.cancel.set()
    try:
        with pytest.raises(BuildInterruptedError):
            finding(subject, 'run.command = "sleep 60"')
    finally:
        subject.cancel.clear()
