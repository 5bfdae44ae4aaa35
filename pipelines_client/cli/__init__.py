"""The command line: a skin over the library, one file per command group."""

from __future__ import annotations

import sys


def main() -> None:
    """Run `pipelines-client`."""
    try:
        import typer  # noqa: F401 - looked for, so that its absence is said in our words
    except ImportError:
        sys.stderr.write("pipelines-client: the commands need more packages: pip install 'pipelines-client[parity]'\n")
        raise SystemExit(2) from None
    from pipelines_client.cli.app import app

    app()
