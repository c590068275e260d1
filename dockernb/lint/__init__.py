"""Findings about a whole Dockerfile, told by cell and line.

    exported file --rules, BuildKit's checks, hadolint--> findings with lines --placed--> cells

A cell is never judged alone: what it means depends on the file that it is a part of.
"""
