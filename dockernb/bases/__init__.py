"""Base images made from the distribution's packages, for machines that cannot pull.

The machine's own apt resolves and downloads with private folders, as an ordinary user; the engine
unpacks and configures. No address of a mirror is in the project: all come from the machine's apt.

    name      which names can be made
    machine   what this machine's apt knows: settings and sources
    sources   an archive that apt reads, and which of them make a base
    report    what is told while a base is made
    programs  running apt and dpkg-deb, to be interrupted
    apt       a private apt: lists, the package set, downloads
    links     the links a path goes through, merged-/usr's above all
    unpack    packages as one tar stream
    files     the files that a base has beside its packages
    script    what runs in the container
    debian    one working container becomes the base
"""
