"""Notifications: each receiver gets a message once per verdict, and no key is shown."""

from __future__ import annotations

import pytest
from evidence import START, Evidence
from receiver import SECRET, listening
from worst import hostile_report

from pipelines_client.errors import ConfigError
from pipelines_client.parity import ParityOptions, run_parity
from pipelines_client.parity.model import Verdict
from pipelines_client.parity.notify import is_news, notify, read_receivers
from pipelines_client.parity.render.message import render_message

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Any report; its verdict is changed by the tests."""
    return run_parity(Evidence(tmp_path_factory.mktemp("notify"), count=120).paths(), ParityOptions(), now=START)


@pytest.fixture
def tell(report, tmp_path):
    """Tell receivers of verdicts, one run after the other."""

    def run(addresses: list[str], *verdicts: Verdict) -> list[str]:
        receivers = read_receivers(addresses)
        changed = (report.model_copy(update={"verdict": verdict}) for verdict in verdicts)
        return [line for one in changed for line in notify(one, receivers, tmp_path / "sent.json")]

    return run


def test_what_is_news():
    """A failure, an inconclusive run, and the pass after either."""
    order = [PASS, PASS, FAIL, FAIL, INCONCLUSIVE, INCONCLUSIVE, FAIL, PASS, PASS, FAIL]
    last, news = None, []
    for verdict in order:
        news.append(is_news(last, verdict))
        last = verdict if news[-1] else last
    assert news == [False, False, True, False, True, False, True, True, False, True]


def test_each_verdict_is_sent_once(tell):
    """Over eight runs, four messages, with a type that a pager understands."""
    with listening() as (address, heard, _):
        assert tell([address], PASS, FAIL, FAIL, INCONCLUSIVE, INCONCLUSIVE, PASS, PASS, FAIL) == []
    assert [message["type"] for message in heard] == ["failure", "warning", "success", "failure"]
    assert [message["title"] for message in heard] == [
        "Parity: FAIL", "Parity: INCONCLUSIVE", "Parity is back to PASS", "Parity: FAIL",
    ]  # fmt: skip


def test_a_failed_message_is_sent_by_the_next_run_and_other_receivers_get_no_second_one(tell):
    """Each receiver has a state; a failure is reported without the address."""
    with listening() as (deaf, unheard, answers), listening() as (address, heard, _):
        answers.append(500)
        said = tell([address, deaf], FAIL)
        assert said == ["JSON (address 2 of 2) could not be notified; the next run tries again"]
        assert tell([address, deaf], FAIL) == []
        assert tell([address, deaf], FAIL) == []
    assert (len(heard), len(unheard)) == (1, 2)


def test_nobody_there_is_said(tell, capsys, caplog):
    """No exception, and no key on any channel, not even in apprise's own log."""
    with listening() as (address, _, _):
        pass
    assert tell([address], FAIL) == ["JSON (address 1 of 1) could not be notified; the next run tries again"]
    assert SECRET not in "".join((*capsys.readouterr(), caplog.text))


def test_the_file_holds_no_key_and_is_its_owners(tell, tmp_path):
    """It knows a receiver by a hash; a broken file is as none."""
    with listening() as (address, heard, _):
        tell([address], FAIL)
        file = tmp_path / "sent.json"
        assert SECRET not in file.read_text()
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_text("{broken")
        tell([address], FAIL)
    assert len(heard) == 2
    assert [path.name for path in tmp_path.glob("*sent*")] == ["sent.json"]


def test_what_cannot_be_remembered_is_said(tell, tmp_path):
    """The message went out all the same."""
    (tmp_path / "sent.json").mkdir()
    with listening() as (address, heard, _):
        (said,) = tell([address], FAIL)
    assert said.endswith("(Is a directory); the next run sends the same message again")
    assert len(heard) == 1


@pytest.mark.parametrize("address", [f"nonsense://{SECRET}", SECRET, f"slack://{SECRET}", ""])
def test_an_address_that_nobody_knows_is_named_by_its_place(address, caplog):
    """Never by what it is."""
    with pytest.raises(ConfigError) as caught:
        read_receivers(["json://127.0.0.1/", address])
    assert "address 2 of 2" in str(caught.value)
    assert SECRET not in f"{caught.value} {caplog.text}"


def test_no_name_from_outside_calls_a_channel_or_is_a_link(tmp_path):
    """Nor does one make the message long."""
    message = render_message(hostile_report(tmp_path))
    named = message.body.splitlines()
    assert not [char for char in message.body if char in "<>@" or (ord(char) < 32 and char != "\n")]
    assert "://" not in message.body
    assert max(map(len, named)) <= 301
    assert len(named) < 15
