"""The exceptions of this package.

    PipelinesError
    ├── ConfigError            settings that cannot be right: raised where the client is made
    │   └── StageFileError     a stage file that cannot be read or is wrong; a running client goes on with the last good
    ├── SpoolError
    │   ├── SpoolClosedError   the spool was used after `close`
    │   ├── SpoolBusyError     another living process owns the spool's file
    │   ├── SpoolReenteredError  a signal's handler called while the call that it interrupts writes
    │   └── SpoolEmptyError    the file was never finished: its process was killed while it made it
    ├── LedgerError            a ledger that cannot be read or written
    ├── SourceError            evidence for parity that cannot be read: names the file, the line and the cure
    └── EngineError            an engine of parity that cannot be reached or used: names it and the cure

Nothing of this is ever raised by `identify`, `track`, `page`, `screen`, `group` or `alias`: those answer
`(False, message)`. No exception carries a payload, a write key or an identifier.
"""

from __future__ import annotations


class PipelinesError(Exception):
    """Whatever this package raises on purpose."""


class ConfigError(PipelinesError, ValueError):
    """Settings that contradict each other or cannot be right."""


class StageFileError(ConfigError):
    """A stage file that cannot be read or used; the text names the place in it and the cure, never a value."""


class SpoolError(PipelinesError):
    """The durable log cannot do what it was asked."""


class SpoolClosedError(SpoolError):
    """The spool was used after it was closed."""


class SpoolBusyError(SpoolError):
    """Another living process owns this spool file."""


class SpoolReenteredError(SpoolError):
    """A signal's handler would write into the spool while the call that it interrupts does."""


class SpoolEmptyError(SpoolError):
    """The file holds no spool yet: whoever made it was killed before it was one, and had put nothing in."""


class LedgerError(PipelinesError):
    """The ledger cannot be read or written."""


class SourceError(PipelinesError):
    """Evidence for parity that cannot be read; the text names the file, the place and the cure."""


class EngineError(PipelinesError):
    """An engine of parity that cannot be reached or used; the text names it, without a password, and the cure."""
