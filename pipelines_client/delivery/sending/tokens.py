"""Segment's OAuth tokens: one for each request; after a refusal, one more try with a new token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pipelines_client.destinations.base import ApiAnswer, Decision

_REFUSED = (401, 403)
_SPOILT = (400, *_REFUSED, 511)  # upstream forgets its token after these


class TokenSource(Protocol):
    """Segment's OAuth, as upstream's `OauthManager` does it."""

    def get_token(self) -> str:
        """Return a token; may block, may raise."""
        ...

    def clear_token(self) -> None:
        """Forget a token that was refused."""


@dataclass(slots=True)
class Tokens:
    """The tokens of one leg; a leg without a source needs none."""

    source: TokenSource | None
    _was_refused: bool = False

    def get(self) -> str | ApiAnswer | None:
        """Return a token, None if none is needed, or the answer to act on if there is no token."""
        if self.source is None:
            return None
        try:
            return self.source.get_token()
        except Exception as error:  # noqa: BLE001 - upstream's manager raises anything
            return ApiAnswer(Decision.WAIT, "oauth", words=type(error).__name__)

    def answered(self, status: int) -> ApiAnswer | None:
        """Note an answer's status; return what replaces the answer: after a refusal, one retry with a new token."""
        if self.source is None or status not in _SPOILT:
            return None
        self.source.clear_token()
        if status not in _REFUSED or self._was_refused:
            return None
        self._was_refused = True
        return ApiAnswer(Decision.WAIT, f"http_{status}", status)

    def taken(self) -> None:
        """Note that messages were settled with a token: the next refusal may be retried again."""
        self._was_refused = False
