"""Faults: what goes wrong on a reader's machine is done here for real, on both engines.

Processes are killed, daemons stopped, disks filled and clocks set back; nothing is patched into the
product. Each test says what a reader may count on afterwards: a clear error, nothing of theirs
lost, nothing half made, nothing left behind, and that the next run works.

    test_killed.py      SIGKILL at random moments of a build, on every engine
    test_killed_kernel.py   the same to a whole kernel, as Jupyter starts it
    test_daemon.py      a Docker daemon that dies, is stopped, or has a full disk
    test_disks.py       full disks of the store, of a container, of the notebook's folder
    test_registry.py    a registry that stalls, cuts off, lies, or asks to wait
    test_together.py    two kernels on one notebook, eight on one store, snapshots removed meanwhile
    test_layers.py      images of more layers than Docker takes
    test_caches.py      cache mounts that are removed while they are used
    test_clock.py       a clock that goes backwards
    test_commands.py    commands that leave daemons behind, do not end, or say far too much
    test_links.py       links of an image, and archives, that lead out of it
    test_names.py       file names of all bytes

`make test` runs a share of the random rounds. All of them, with the moments that were hit:

    DOCKERNB_FAULT_ROUNDS=200 .venv/bin/python -m tests.testbed run -- \\
        .venv/bin/python -m pytest -s tests/faults/test_killed.py
    DOCKERNB_FAULT_KERNELS=10 ... tests/faults/test_killed_kernel.py

A round that fails names its seed; DOCKERNB_FAULT_SEED with that, and DOCKERNB_FAULT_ROUNDS=1, plays
it again.
"""
