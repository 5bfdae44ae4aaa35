"""Privacy: finds secrets and personal data in a call, in keys and values at any depth, and takes them out.

It knows values only: no client, no delivery, no files. `guard` walks a call, `names` reads keys, `pairs` reads names
and values within a text, `modes` reads the setting. `detectors/` has one file for each kind of thing that is looked
for, and its `base` says how to add one. Nothing that was found is kept, logged or put into an error: a finding has a
code, a path and a mode.
"""
