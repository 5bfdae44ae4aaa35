"""`pipelines-client parity` and its subcommands: options, and what is printed.

The room has no rules: the library compares, judges and renders. `options.py` has every option of the comparison. To add
a subcommand, write a file with its function and add it in `compare.py`.
"""
