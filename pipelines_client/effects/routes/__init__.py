"""Routes into a workspace, one file each: from a call to what the workspace sees of it. Pure.

A route knows no other route. To add one, write a subclass of `Route` in a file here; what compares two of them needs no
change.
"""
