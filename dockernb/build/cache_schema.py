"""The table of the build cache."""

from __future__ import annotations

__all__ = ["DROP", "SCHEMA", "SCHEMA_VERSION"]

SCHEMA_VERSION = 2

# An older file is emptied: what it holds is only steps to build again.
DROP = "DROP TABLE IF EXISTS steps;"

SCHEMA = """
CREATE TABLE IF NOT EXISTS steps (
    key TEXT PRIMARY KEY,
    instruction_digest TEXT NOT NULL,
    instruction_name TEXT NOT NULL,
    cell_id TEXT,
    parent TEXT NOT NULL,
    fields BLOB NOT NULL,
    image_id TEXT NOT NULL,
    image_config BLOB NOT NULL,
    size INTEGER NOT NULL,
    exit_code INTEGER,
    log BLOB NOT NULL,
    log_lines INTEGER NOT NULL,
    log_omitted INTEGER NOT NULL,
    diff BLOB NOT NULL,
    config BLOB NOT NULL,
    seconds REAL NOT NULL,
    built_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_by_instruction ON steps (instruction_digest, built_at);
CREATE INDEX IF NOT EXISTS steps_by_parent ON steps (parent, instruction_name, built_at);
CREATE INDEX IF NOT EXISTS steps_by_cell ON steps (cell_id, built_at) WHERE cell_id IS NOT NULL;
"""
