"""How an id names a person: as cio_id, email or id (FACTS C17, R5). Pure."""

from __future__ import annotations

from typing import Any, Final

from pipelines_client.evidence.addresses import is_email

_CIO_ID: Final = "cio_"


def person_of(text: str) -> dict[str, Any]:
    """Return the identifier that an id stands for.

    Example:
        >>> person_of("user-42"), person_of("kim@example.com"), person_of("cio_03000001")
        ({'id': 'user-42'}, {'email': 'kim@example.com'}, {'cio_id': '03000001'})
    """
    if text.startswith(_CIO_ID):
        return {"cio_id": text[len(_CIO_ID) :]}
    return {"email": text} if is_email(text) else {"id": text}
