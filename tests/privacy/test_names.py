"""Keys as words, and phrases in them."""

from __future__ import annotations

import pytest

from pipelines_client.privacy.names import KeyMeaning, Phrases, joined, words_of


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("cardNumber", ("card", "number")),
        ("card_number", ("card", "number")),
        ("Card Number", ("card", "number")),
        ("CARD-NUMBER", ("card", "number")),
        ("userSSN", ("user", "ssn")),
        ("APIKey2", ("api", "key", "2")),
        ("numéro.carte", ("numero", "carte")),
        ("$", ()),
        ("", ()),
    ],
)
def test_a_key_has_the_same_words_however_it_is_spelled(key: str, words: tuple[str, ...]) -> None:
    """By signs, by capitals, with accents."""
    assert words_of(key) == words


def test_a_phrase_matches_whole_words_however_they_are_joined() -> None:
    """Not within a word: a monkey has nothing to do with a key."""
    phrases = Phrases("credit card", "key")
    assert phrases.are_in(words_of("my_creditcard_2"))
    assert phrases.are_in(words_of("my.creditCard"))
    assert not phrases.are_in(words_of("monkey"))
    assert phrases.end(words_of("api_key"))
    assert not phrases.end(words_of("key_id"))


def test_a_key_that_says_nothing_has_the_words_of_the_key_above() -> None:
    """`{"card": {"number": …}}` is about a card's number."""
    assert joined(("card",), ("number",)) == ("card", "number")
    assert joined(("card",), ("order", "number")) == ("order", "number")
    assert joined((), ("number",)) == ("number",)


def test_keys_of_texts_and_of_other_numbers_are_known() -> None:
    """They decide what a bare number may be."""
    assert KeyMeaning(words_of("customer_note")).is_prose
    assert KeyMeaning(words_of("orderId")).is_identifier
    assert not KeyMeaning(words_of("value")).is_prose
