"""The notebook on any buildx builder: the command, its progress told by cells, and its result."""
