"""Benchmarks: each figure stands beside its reference, measured in the same run."""
