"""How long to wait before the same batch goes again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

MAX_RETRY_AFTER_S = 3_600.0  # beyond an hour we ask again anyway: the answer may have been a mistake


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: anything between nothing and a limit that doubles, so that many processes do not come at once."""

    base_s: float = 0.5
    cap_s: float = 60.0

    def wait_s(self, attempt: int, *, retry_after_s: float | None, random: Random) -> float:
        """Return the seconds to wait.

        Args:
            attempt: Failures in a row, from 1.
            retry_after_s: What the API asked for: a minimum, to which jitter is added.
            random: Where the jitter comes from.
        """
        limit = min(self.cap_s, self.base_s * 2 ** min(attempt - 1, 32))
        jitter = random.uniform(0, limit)
        if retry_after_s is None:
            return jitter
        return min(retry_after_s, MAX_RETRY_AFTER_S) + random.uniform(0, min(limit, 1.0))
