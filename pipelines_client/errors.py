"""The exceptions of this package.

    PipelinesError
    ├── ConfigError                settings that contradict each other or cannot work: raised by the constructor
    │   └── StageFileError         a stage file that cannot be read or used: a running client keeps the last good one
    ├── SentFromTestError          a call in a pytest run would have been sent to a host that is not on this machine
    ├── PlanViolationError         a check of the tracking plan or of privacy whose mode is `raise` found something
    ├── SpoolError                 the durable log of messages cannot do what was asked
    │   ├── SpoolClosedError       the spool is closed
    │   ├── SpoolBusyError         another running process owns the spool file
    │   ├── SpoolReenteredError    a signal handler called while the call that it interrupted was writing
    │   ├── SpoolEmptyError        the spool file is unfinished: its process was killed while it created the file
    │   └── SpoolLostError         another process took over the spool after our descriptors had been closed
    ├── StateDamagedError          a file of the state directory whose content is damaged
    ├── LedgerError                a ledger that cannot be read or written
    ├── SourceError                evidence for parity that cannot be read: names the file, the line and the cure
    ├── EngineError                a parity engine that cannot be reached or used: names the engine and the cure
    └── PlanError                  a tracking plan that cannot be read or written: names the file, the line and the cure

`identify`, `track`, `page`, `screen`, `group` and `alias` raise none of these but `SentFromTestError`, which is an
AssertionError, and, where a mode says `raise`, `PlanViolationError`: they return `(False, message)`. No exception holds
a payload, a write key or an identifier.
"""

from __future__ import annotations


class PipelinesError(Exception):
    """The base of all exceptions of this package."""


class ConfigError(PipelinesError, ValueError):
    """Settings that contradict each other or cannot work."""


class StageFileError(ConfigError):
    """A stage file that cannot be read or used; the text names the key and the cure, never a value."""


class SentFromTestError(PipelinesError, AssertionError):
    """A call in a pytest run would have been sent to a host that is not on this machine."""


class PlanViolationError(PipelinesError):
    """A check whose mode is `raise` found something in a call; the text names rule and place, never a value."""


class SpoolError(PipelinesError):
    """The durable log of messages cannot do what was asked."""


class SpoolClosedError(SpoolError):
    """The spool is closed."""


class SpoolBusyError(SpoolError):
    """Another running process owns the spool file."""


class SpoolReenteredError(SpoolError):
    """A signal handler tried to write to the spool while the call that it interrupted was writing."""


class SpoolEmptyError(SpoolError):
    """The spool file is unfinished and has no messages: its process was killed while it created the file."""


class SpoolLostError(SpoolError):
    """Another process took over the spool, after the application had closed our descriptors."""


class StateDamagedError(PipelinesError):
    """A file of the state directory whose content is damaged; the text names the file, never its content."""


class LedgerError(PipelinesError):
    """A ledger that cannot be read or written."""


class SourceError(PipelinesError):
    """Evidence for parity that cannot be read; the text names the file, the line and the cure."""


class EngineError(PipelinesError):
    """A parity engine that cannot be reached or used; the text names it, without a password, and the cure."""


class PlanError(PipelinesError, ValueError):
    """A tracking plan that cannot be read or written; the text names the file, the line, the key and the cure."""
