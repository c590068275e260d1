"""The Jupyter kernel: protocol, magics, completion, help.

`python -m dockernb.kernel` starts it.
"""
