"""One leg's requests: what goes in one, how it is sent, what its answer means. No words keep a key or a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from pipelines_client.clock import monotonic_s, utc_now
from pipelines_client.delivery.sending.batches import body_of, pack
from pipelines_client.delivery.sending.http import Http, NoAnswerError
from pipelines_client.delivery.sending.tokens import Tokens
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.destinations.base import NO_ANSWER, ApiAnswer, Decision, Destination
from pipelines_client.destinations.redaction import hide
from pipelines_client.log import logger

_PROXY_WANTS_CREDENTIALS = 407
_UNDERSTOOD = (400, 422)  # about the content: the key was taken


class Requester:
    """Sends messages to one destination, one request at a time."""

    def __init__(self, destination: Destination, http: Http, tokens: Tokens) -> None:
        self._destination, self._http, self._tokens = destination, http, tokens
        self._is_key_proven = False  # by a request that was accepted, since the last one that was not
        self._has_succeeded = False

    def fitting(self, entries: Sequence[Entry]) -> int:
        """Return how many of the first messages go in one request; at least 1 of a non-empty sequence."""
        destination = self._destination
        envelope = destination.envelope(sent_at=utc_now())
        most = pack([entry.body for entry in entries], envelope, max_body_bytes=destination.limits.max_body_bytes)
        alone = (place for place, entry in enumerate(islice(entries, most)) if destination.own_url(entry.body))
        return max(next(alone, most), 1) if entries else 0

    def post(self, entries: Sequence[Entry], *, attempts: int) -> ApiAnswer:
        """Send messages that fit one request, for the `attempts`-th time; return what the answer means.

        A 403 is about what the messages hold if the key is proven, else about the key. For a single message an unproven
        key is asked about; for more the decision is `PROBE`: one of them is to be tried alone.
        """
        answer = self._post(entries, attempts=attempts)
        if answer.decision is Decision.ACCEPT:
            self._is_key_proven = self._has_succeeded = True
            return answer
        if answer.decision is Decision.PROBE and (self._is_key_proven or len(entries) == 1):
            about_key = answer if self._is_key_proven else self._ask_about_key()
            decision = Decision.SPLIT if about_key.decision is Decision.PROBE else about_key.decision
            answer = replace(answer, decision=decision, retry_after_s=about_key.retry_after_s)
        if answer.decision is not Decision.SPLIT or len(entries) == 1:
            self._is_key_proven = False
        return answer

    def _post(self, entries: Sequence[Entry], *, attempts: int = 1) -> ApiAnswer:
        destination = self._destination
        token = self._tokens.get()
        if isinstance(token, ApiAnswer):
            return token
        url = destination.own_url(entries[0].body) if len(entries) == 1 else None
        bodies = [entry.body for entry in entries]
        body = bodies[0] if url else body_of(bodies, destination.envelope(sent_at=utc_now()))
        headers = destination.headers(token=token)
        if attempts > 1:
            headers["X-Retry-Count"] = str(attempts - 1)  # FACTS C7
        begun_s = monotonic_s()
        try:
            response = self._http.post(body, headers, url=url)
        except NoAnswerError as error:
            answer = _unreached(error)
        else:
            answer = self._tokens.answered(response.status) or destination.read(
                response.status, response.headers, response.body, now=utc_now(), count=len(entries)
            )
        if answer.words or answer.failed:
            secrets = [destination.write_key, *([token] if token else [])]
            answer = answer.without(lambda words: hide(words, secrets=secrets, bodies=bodies))
        logger().debug(
            "batch_answered",
            leg=destination.name,
            messages=len(entries),
            bytes=len(body),
            answer=answer.reason,
            attempt=attempts,
            ms=round(1_000 * (monotonic_s() - begun_s)),
        )
        return answer

    def _ask_about_key(self) -> ApiAnswer:
        """Find out, by an empty batch, what a 403 was about: `SPLIT` if the key is taken, so it was the message."""
        answer = self._post(())
        is_taken = answer.decision is Decision.ACCEPT or (self._has_succeeded and answer.status in _UNDERSTOOD)
        if is_taken:
            return replace(answer, decision=Decision.SPLIT)
        return answer if answer.decision is Decision.WAIT else replace(answer, decision=Decision.PAUSE)


def _unreached(error: NoAnswerError) -> ApiAnswer:
    if error.proxy_status == _PROXY_WANTS_CREDENTIALS:
        return ApiAnswer(Decision.PAUSE, f"http_{error.proxy_status}", error.proxy_status, "from the proxy")
    return ApiAnswer(Decision.WAIT, NO_ANSWER, words=str(error), kind=error.kind)
