"""One leg's requests: what goes in one, how it is sent, what its answer means. No words keep a key or a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from pipelines_client.canonical import payload_hash
from pipelines_client.clock import monotonic_s, utc_now
from pipelines_client.delivery.sending.batches import body_of, pack
from pipelines_client.delivery.sending.http import Http, NoAnswerError
from pipelines_client.delivery.sending.tokens import Tokens
from pipelines_client.delivery.spool.entry import Entry
from pipelines_client.destinations.base import FORWARDING, NO_ANSWER, ApiAnswer, Curing, Decision, Destination
from pipelines_client.destinations.redaction import hide
from pipelines_client.log import logger

_PROXY_WANTS_CREDENTIALS = 407
_UNDERSTOOD = (400, 422)  # about the content: the key was taken


class Requester:
    """Sends messages to one destination, one request at a time."""

    def __init__(self, destination: Destination, http: Http, tokens: Tokens) -> None:
        self._destination, self._http, self._tokens = destination, http, tokens
        self._is_key_proven = False  # by a request that was accepted, since the last one that was not
        self._was_asked = False  # whether an empty batch has just shown that the key is taken
        self._has_succeeded = False
        self._cured: Mapping[int, bytes] = {}
        self.sent: Mapping[int, str] = {}
        """By `seq` the hash of the payload that is sent, of messages whose payload the leg changes."""

    def fitting(self, entries: Sequence[Entry]) -> int:
        """Return how many of the first messages go in one request; at least 1 of a non-empty sequence."""
        destination = self._destination
        if destination.cure is not None:
            self._apply(destination.cure, entries)
        envelope, bodies = self._envelope(entries), self._bodies(entries)
        most = pack(bodies, envelope, max_body_bytes=destination.limits.max_body_bytes)
        return max(destination.count_shared(bodies[:most]), 1) if entries else 0

    def _apply(self, cure: Curing, entries: Sequence[Entry]) -> None:
        """Curing the messages that come next, each once: a retry and a part of a batch send the same bytes."""
        found = {entry.seq: cured for entry in entries if (cured := cure(entry.body)) is not None}
        self._cured = {seq: body for seq, (body, _) in found.items()}
        self.sent = {seq: payload_hash(payload) for seq, (_, payload) in found.items() if payload is not None}

    def _bodies(self, entries: Sequence[Entry]) -> list[bytes]:
        """Return what is sent of some messages."""
        cured, destination = self._cured, self._destination
        if destination.keeping:
            kept = partial(destination.kept, is_said=_is_kept(entries))
            return [kept(entry.body) if FORWARDING in entry.skips else entry.body for entry in entries]
        return [cured.get(entry.seq, entry.body) for entry in entries] if cured else [entry.body for entry in entries]

    def post(self, entries: Sequence[Entry], *, attempts: int) -> ApiAnswer:
        """Send messages that fit one request, for the `attempts`-th time; return what the answer means.

        A 403 is about the key, or about what a message holds. `PROBE` asks for one of several messages alone; for a
        single message it asks to send it once more, because the key has just been found to be taken.
        """
        answer = self._post(entries, attempts=attempts)
        if answer.decision is Decision.PROBE:
            answer = self._judge_refusal(answer, len(entries))
        else:
            self._was_asked = False
        if answer.decision is Decision.ACCEPT:
            self._is_key_proven = self._has_succeeded = True
        elif answer.decision in (Decision.WAIT, Decision.PAUSE) or len(entries) == 1:
            self._is_key_proven = False
        return answer

    def _judge_refusal(self, answer: ApiAnswer, count: int) -> ApiAnswer:
        """Return a 403 with the decision that what is known of the key allows."""
        if count > 1:
            return replace(answer, decision=Decision.SPLIT) if self._is_key_proven else answer
        if self._was_asked:
            self._was_asked = False
            return replace(answer, decision=Decision.SPLIT)
        about_key = self._post(())
        # An API that refuses an empty batch as such has taken the key, if it took it before.
        understood = self._has_succeeded and about_key.status in _UNDERSTOOD
        self._was_asked = understood or about_key.decision is Decision.ACCEPT
        if self._was_asked:
            return answer
        is_passing = about_key.decision is Decision.WAIT
        return about_key if is_passing else replace(answer, decision=Decision.PAUSE)

    def _envelope(self, entries: Sequence[Entry]) -> tuple[bytes, bytes]:
        return self._destination.envelope(sent_at=utc_now(), is_kept=_is_kept(entries))

    def _post(self, entries: Sequence[Entry], *, attempts: int = 1) -> ApiAnswer:
        destination = self._destination
        token = self._tokens.get()
        if isinstance(token, ApiAnswer):
            return token
        bodies = self._bodies(entries)
        url = destination.own_url(bodies[0]) if len(bodies) == 1 else None
        body = bodies[0] if url else body_of(bodies, self._envelope(entries))
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


def _is_kept(entries: Sequence[Entry]) -> bool:
    """Return whether the vendor may forward none of the messages of a request."""
    return bool(entries) and all(FORWARDING in entry.skips for entry in entries)


def _unreached(error: NoAnswerError) -> ApiAnswer:
    if error.proxy_status == _PROXY_WANTS_CREDENTIALS:
        return ApiAnswer(Decision.PAUSE, f"http_{error.proxy_status}", error.proxy_status, "from the proxy")
    return ApiAnswer(Decision.WAIT, NO_ANSWER, words=str(error), kind=error.kind)
