"""A steady pace: each message takes a token, and a fixed number of tokens is added each second. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

_BURST_S = 0.1
_WHOLE = 1.0 - 1e-9  # a token, less the rounding error of a sum of fractions


@dataclass(slots=True)
class TokenBucket:
    """Holds at most the tokens of a tenth of a second, and at least one, so a pause is not followed by a burst."""

    rate: float | None  # tokens a second
    _tokens: float = field(default=1.0, init=False)
    _at_s: float | None = field(default=None, init=False)

    def take(self, now_s: float) -> float:
        """Take a token and return 0; if there is none, return the seconds until there is one."""
        if self.rate is None:
            return 0.0
        most = max(1.0, self.rate * _BURST_S)
        since_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._tokens, self._at_s = min(most, self._tokens + since_s * self.rate), now_s
        if self._tokens >= _WHOLE:
            self._tokens = max(0.0, self._tokens - 1.0)
            return 0.0
        return (1.0 - self._tokens) / self.rate
