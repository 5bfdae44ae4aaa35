"""Who the people of some lines are, what links their ids, and what edits them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pipelines_client.evidence.fact import NO_IDENTITY, NO_TIME, EditRow, LinkRow, PersonRow
from pipelines_client.state.ledger import Outcome

if TYPE_CHECKING:
    from pipelines_client.evidence.fact import Fact
    from pipelines_client.evidence.id_forms import Digests, IdForms

_MAX_ROWS: Final = 50_000
_EVENTS: Final = frozenset(("track", "page", "screen"))
_NO_DIGESTS: Final = (None, None, None)


class PeopleFacts:
    """Counts people and links, and lists edits. Call the `take` methods when `is_full` says so after an `add`."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._people: dict[str, list[Any]] = {}
        self._links: dict[tuple[str, str, str], Digests | tuple[None, None, None]] = {}
        self._edits: list[EditRow] = []

    def add(self, fact: Fact, payload: Any) -> None:
        """Count one message; a group without a person is left out."""
        person, kind = fact.identity, fact.identity_kind
        if person is None or kind == "group" or fact.is_reduced & NO_IDENTITY:
            return
        seen = self._people.get(person)
        if seen is None:
            forms = fact.ids.forms if fact.ids is not None and kind == "user" else None
            place = (fact.message_id, fact.file, fact.line, fact.byte_offset, fact.byte_count)
            seen = self._people[person] = [kind or "", forms, 0, 0, place]
        if fact.type in _EVENTS:
            seen[3] += 1
        elif fact.type == "identify":
            seen[2] += 1
            self._add_edit(fact, person, payload)
        if fact.ids is None:
            return
        if fact.ids.email is not None:
            address, digests = fact.ids.email
            self._links.setdefault(("email", person, address), digests)
        if fact.type in ("identify", "alias"):
            for before in (fact.ids.anonymous, *fact.ids.previous):
                if before is not None:
                    self._links.setdefault(("merge", before, person), _NO_DIGESTS)

    def _add_edit(self, fact: Fact, person: str, payload: Any) -> None:
        if fact.leg is None:
            writer = None if fact.library is None else fact.library.partition("/")[0]
            at_ms = None if fact.is_reduced & NO_TIME else fact.occurred_at_ms
            traits = len(payload) if type(payload) is dict else 0
            edit = EditRow(self._source, fact.message_id, person, writer, traits, at_ms, fact.received_at_ms)
        elif fact.outcome == Outcome.ACCEPTED.value:
            order_ms = fact.appended_at_ms if fact.finished_at_ms is None else fact.finished_at_ms
            edit = EditRow(self._source, fact.message_id, person, fact.host, 0, fact.occurred_at_ms, order_ms)
        else:
            return
        self._edits.append(edit)

    @property
    def is_full(self) -> bool:
        """Whether it is time to take the rows."""
        return len(self._people) + len(self._links) + len(self._edits) >= _MAX_ROWS

    def take_people(self) -> list[PersonRow]:
        """Return the rows of people, and start again from zero."""
        rows = [
            PersonRow(self._source, person, kind, *_columns(forms), identifies, events, *place)
            for person, (kind, forms, identifies, events, place) in self._people.items()
        ]
        self._people = {}
        return rows

    def take_links(self) -> list[LinkRow]:
        """Return the links, and start again without any."""
        rows = [LinkRow(self._source, *key, *digests) for key, digests in self._links.items()]
        self._links = {}
        return rows

    def take_edits(self) -> list[EditRow]:
        """Return the edits, and start again without any."""
        rows, self._edits = self._edits, []
        return rows


def _columns(forms: IdForms | None) -> tuple[str, str | None, str | None, str | None, str | None]:
    if forms is None:
        return "", None, None, None, None
    first, second, third = forms.digests or _NO_DIGESTS
    return forms.shape, forms.alike, first, second, third
