"""The processes between the engine and the files of its containers.

    engine process  --channel-->  helper  --fork-->  worker  --fork-->  the command of a RUN

The helper is one process for the life of an engine: it enters the namespaces once. A worker is one
process for the life of a working container. When the engine's process ends, however it ends, the
channels close, and workers and helper end with all that they started.
"""
