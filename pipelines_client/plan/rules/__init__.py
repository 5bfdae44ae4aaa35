"""The rules for a call. One more is a file with its words and examples, its place here, and a line in `plan.modes`."""

from typing import Final

from pipelines_client.plan.rules.alias import OldName
from pipelines_client.plan.rules.base import CallRule
from pipelines_client.plan.rules.date_spelling import DateSpelling
from pipelines_client.plan.rules.email_as_id import EmailAsId
from pipelines_client.plan.rules.identify_without_email import IdentifyWithoutEmail
from pipelines_client.plan.rules.inactive_event import InactiveEvent
from pipelines_client.plan.rules.invalid_value import InvalidValue
from pipelines_client.plan.rules.made_for_tests import MadeForTests
from pipelines_client.plan.rules.missing_property import MissingProperty
from pipelines_client.plan.rules.missing_timestamp import MissingTimestamp
from pipelines_client.plan.rules.mistyped_property import MistypedProperty
from pipelines_client.plan.rules.money import MoneySpelling
from pipelines_client.plan.rules.number_as_text import NumberAsText
from pipelines_client.plan.rules.other_id import OtherId
from pipelines_client.plan.rules.over_limit import OverLimit
from pipelines_client.plan.rules.reserved_name import ReservedName
from pipelines_client.plan.rules.reserved_property import ReservedProperty
from pipelines_client.plan.rules.unknown_event import UnknownEvent
from pipelines_client.plan.rules.unknown_page import UnknownPage
from pipelines_client.plan.rules.unplanned_property import UnplannedProperty

CALL_RULES: Final[tuple[type[CallRule], ...]] = (
    UnknownEvent,
    ReservedName,
    OldName,
    InactiveEvent,
    UnknownPage,
    MissingProperty,
    MistypedProperty,
    NumberAsText,
    InvalidValue,
    UnplannedProperty,
    ReservedProperty,
    MoneySpelling,
    DateSpelling,
    EmailAsId,
    OtherId,
    IdentifyWithoutEmail,
    OverLimit,
    MissingTimestamp,
    MadeForTests,
)
"""In the order in which findings are reported: the name first, then the properties, then ids and the rest."""
