"""Readers of what strangers wrote, fed with what almost is what they read.

    python -m tests.attacks.fuzz [TARGET...] [--seconds N] [--seed N]

What makes one of them fail is saved in tests/data/fuzz/TARGET, and tried again by every test run.
"""
