"""File trees on disk, handled as their own root: layers in, changes out, and a look inside.

All of it runs in a worker. Whatever lies in a tree was written by a container or came from a
registry: names are looked up in open folders, and links are followed only inside the root.
"""
