"""Looking into what was built: files of any snapshot, a path's history, wasted bytes, the steps.

Everything here reads; nothing is built. What comes out of an image is hostile: reads are bounded,
and names are escaped where they are shown (`dockernb.ui`).
"""
