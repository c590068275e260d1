"""The instructions that change the image config only."""

from __future__ import annotations

from dockernb.dockerfile.reference_entry import FlagReference, InstructionReference

__all__ = ["CONFIG_INSTRUCTIONS"]

CONFIG_INSTRUCTIONS = (
    InstructionReference(
        "CMD",
        ('CMD ["<executable>", "<argument>"...]', "CMD <command>"),
        "What a container of this image runs when `docker run` names no command; the arguments of "
        "the ENTRYPOINT when there is one. Nothing runs now. Image config: Cmd; the last one "
        "counts, and `CMD []` clears it. No variables are expanded in the JSON form.",
        'CMD ["python3", "-m", "http.server"]',
    ),
    InstructionReference(
        "ENTRYPOINT",
        ('ENTRYPOINT ["<executable>", "<argument>"...]', "ENTRYPOINT <command>"),
        "The program a container of this image always runs; CMD, or the words after the image in "
        "`docker run`, are its arguments. Image config: Entrypoint. It drops a CMD that comes "
        "from the base image, not one of this stage.",
        'ENTRYPOINT ["/usr/bin/curl"]',
    ),
    InstructionReference(
        "ENV",
        ("ENV <key>=<value>...", "ENV <key> <value>"),
        "Sets environment variables for all that follows and for containers of the image. Image "
        "config: Env. A variable cannot be unset, only emptied. In `ENV a=2 b=$a` b gets "
        "the a from before. No place for secrets.",
        'ENV LANG=C.UTF-8 GREETING="good morning"',
    ),
    InstructionReference(
        "LABEL",
        ("LABEL <key>=<value>...",),
        "Adds facts about the image, such as its source or licence. Image config: Labels; a label "
        "of the base with the same key is replaced.",
        'LABEL org.opencontainers.image.title="A first image"',
    ),
    InstructionReference(
        "MAINTAINER",
        ("MAINTAINER <name>",),
        "Sets the author of the image (config: Author). Old; today one writes "
        "`LABEL org.opencontainers.image.authors=...`.",
        "MAINTAINER Ada Lovelace <ada@example.org>",
    ),
    InstructionReference(
        "EXPOSE",
        ("EXPOSE <port>[/<protocol>]...",),
        "Notes which ports the containers listen on (config: ExposedPorts), tcp where nothing is "
        "said. It opens and publishes nothing: that is `docker run -p`. Ranges are 7000-7002.",
        "EXPOSE 8080 53/udp",
    ),
    InstructionReference(
        "VOLUME",
        ("VOLUME <path>...", 'VOLUME ["<path>"...]'),
        "Marks directories whose content lives outside the container (config: Volumes): every "
        "`docker run` makes a volume there. It makes no directory, and later RUN steps may "
        "still write below it.",
        "VOLUME /var/lib/data",
    ),
    InstructionReference(
        "USER",
        ("USER <user>[:<group>]",),
        "The user for the RUN, CMD and ENTRYPOINT that follow, and owner of what WORKDIR makes; "
        "COPY and ADD still make root's files. Image config: User. A name must exist in "
        "/etc/passwd when the next RUN starts.",
        "USER nobody",
    ),
    InstructionReference(
        "STOPSIGNAL",
        ("STOPSIGNAL <signal>",),
        "The signal that `docker stop` sends, by name or number. Image config: StopSignal; "
        "SIGTERM where nothing is said.",
        "STOPSIGNAL SIGINT",
    ),
    InstructionReference(
        "HEALTHCHECK",
        ("HEALTHCHECK [<flags>] CMD <command>", "HEALTHCHECK NONE"),
        "The command by which Docker asks a running container whether it is well: exit code 0 is "
        "yes, 1 is no. NONE switches off a check that comes from the base. Image config: "
        "Healthcheck; the last one counts as a whole.",
        "HEALTHCHECK --interval=30s --timeout=3s CMD curl -f http://localhost/ || exit 1",
        (
            FlagReference("--interval", "<duration>", "Time between two checks (30s)."),
            FlagReference("--timeout", "<duration>", "A check that takes longer failed (30s)."),
            FlagReference(
                "--start-period", "<duration>", "Failures in this time at the start do not count."
            ),
            FlagReference(
                "--start-interval",
                "<duration>",
                "Time between checks in the start period (5s).",
            ),
            FlagReference(
                "--retries", "<number>", "So many failures in a row make it unhealthy (3)."
            ),
        ),
    ),
    InstructionReference(
        "SHELL",
        ('SHELL ["<executable>", "<argument>"...]',),
        "The program that runs commands written without JSON, in the RUN, CMD, ENTRYPOINT and "
        "HEALTHCHECK that follow. Image config: Shell. It must be a JSON array; "
        '["/bin/sh", "-c"] where nothing is said.',
        'SHELL ["/bin/bash", "-o", "pipefail", "-c"]',
    ),
)
