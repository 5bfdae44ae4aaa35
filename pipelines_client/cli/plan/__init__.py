"""`pipelines-client plan` and its commands: options, and what is printed.

The room has no rules: `pipelines_client.plan` reads, judges and writes plans. To add a command, write its file
and a line in `group`.
"""
