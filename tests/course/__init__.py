"""The course in notebooks/: run as a student runs it, and committed with its outputs."""
