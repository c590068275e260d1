"""Exercises and their checks: does a snapshot do what an exercise asks for?

Words:
    exercise      a file `checks/NAME.toml` beside a notebook: what is asked for
    expectation   one thing that must be so, with words for "right" and "missing", and hints
    rule          what an expectation examines: a file, the config, the history, a run...
    subject       what is examined: the snapshot on its engine, and the steps that made it

A rule runs commands only in working containers made from the snapshot; they are removed, and
nothing of them is kept. An answer that is not right yet is a result, never an error.
"""
