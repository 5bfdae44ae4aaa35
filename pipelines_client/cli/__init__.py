"""The command line: it reads options, calls the library and prints; no rule lives here.

One file a command, `parity/` for its own. `leaving` has the exit codes and the way out, `progress` the bars, `group`
commands that take a dataclass of options. A new command is one file and one line in `app`.
"""

from __future__ import annotations

import gc

from pipelines_client.cli.leaving import guarded, leave_for_package

_GARBAGE_AFTER = 100_000
"""New objects after which Python looks for garbage. By its own 700 it looks through the modules of a command a hundred
times while they are imported, which takes a tenth of a short run and finds nothing."""


def main() -> None:
    """Run `pipelines-client`."""
    gc.set_threshold(_GARBAGE_AFTER)
    with guarded():
        try:
            from pipelines_client.cli.app import app
            from pipelines_client.cli.common import program
        except ModuleNotFoundError as error:
            leave_for_package(error)
        try:
            with program():
                app()
        finally:
            gc.freeze()  # Python searches for garbage once more when it ends, through all modules
