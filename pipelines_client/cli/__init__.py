"""The command line: it reads options, calls the library and prints; no rule lives here.

One file a command, `parity/` for its own. `leaving` has the exit codes and the way out, `progress` the bars, `group`
commands that take a dataclass of options. A new command is one file and one line in `app`.
"""

from __future__ import annotations

from pipelines_client.cli.leaving import guarded, leave_for_package


def main() -> None:
    """Run `pipelines-client`."""
    with guarded():
        try:
            from pipelines_client.cli.app import app
            from pipelines_client.cli.common import program
        except ModuleNotFoundError as error:
            leave_for_package(error)
        with program():
            app()
