"""The embedded engine: images and containers without a daemon and without root.

    store/     images on disk: an OCI image layout, and what is known of each image
    files/     file trees: unpacking layers, packing what changed, looking into a root
    guest/     running a command in a root file system
    worker/    the processes between: a helper, and one worker for each working container
    engine.py  the Engine protocol over all of it

A kernel holds one helper process, which enters the namespaces that this machine allows. For each
working container the helper forks a worker, in which the container's files are mounted; everything
that touches those files happens there, as the root of its user namespace.
"""
