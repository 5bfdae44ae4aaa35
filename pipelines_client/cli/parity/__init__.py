"""`pipelines-client parity` and its subcommands."""
