"""What a stranger's image, archive, registry, notebook or neighbour may try, and does not get."""
