"""Data on health, by the keys that name it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

from pipelines_client.privacy.detectors.base import Detector, KeyAndValue, Scalar
from pipelines_client.privacy.names import KeyMeaning, KeyWords, Phrases

NAMES: Final = (
    *("allergy", "allergies", "blood group", "blood pressure", "blood sugar", "blood type", "bmi", "body weight"),
    *("cholesterol", "chronic condition", "chronic illness", "diagnosis", "diagnoses", "disability", "disabilities"),
    *(
        "disease",
        "diseases",
        "genetic test",
        "glucose",
        "hba1c",
        "health condition",
        "health conditions",
        "health record",
    ),
    *(
        "heart rate",
        "hiv",
        "hiv status",
        "icd10",
        "icd 10",
        "icd code",
        "illness",
        "insulin",
        "lab result",
        "lab results",
    ),
    *("medical condition", "medical conditions", "medical history", "medical record", "medical record number", "mrn"),
    *(
        "medication",
        "medications",
        "mental health",
        "menstrual",
        "menstruation",
        "pregnancy",
        "pregnant",
        "prescription",
    ),
    *("prescriptions", "sexual orientation", "std status", "surgery", "symptom", "symptoms", "therapy", "vaccination"),
    *("vaccinations", "krankheit", "diagnose", "medikament", "medikamente", "enfermedad", "maladie"),
)
"""The phrases that a key of data on health has; the setting `health_keys` adds more."""
_ABOUT: Final = frozenset(
    {
        *("count", "url", "link", "page", "category", "id", "ids", "enabled", "viewed", "clicked", "step", "at"),
    }
)


class HealthData(Detector):
    """Any value under a key that names data on health, and all below it."""

    code = "health"
    title = "Data on health, by the key that names it"
    spreads = True
    found: ClassVar[tuple[KeyAndValue, ...]] = (
        ("diagnosis", "asthma"),
        ("bloodType", "0+"),
        ("is_pregnant", False),
        ("medical_history", {"notes": "none known"}),
    )
    passed: ClassVar[tuple[KeyAndValue, ...]] = (
        ("account_health", "good"),
        ("health_check", "ok"),
        ("weight", 12.5),
        ("diagnosis", None),
        ("prescription_page_url", "/p"),
    )

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._names = Phrases(*NAMES, *(phrase.lower() for phrase in more))

    def speaks(self, words: KeyWords) -> bool:
        """Return whether a key speaks of health, and not only of a page or a count of it."""
        return self._names.are_in(words) and words[-1] not in _ABOUT

    def holds(self, value: Scalar, key: KeyMeaning) -> bool:  # noqa: ARG002 - the contract's
        """Return whether there is a value: also False says something."""
        return not isinstance(value, str) or bool(value.strip())
