"""Truth checks have one answer, whatever engine is asked."""

from __future__ import annotations

import pytest
from traps import AT

from pipelines_client.parity.check_sql import COLUMNS, plain_select

QUESTIONS = {
    "carts without an order": f"""
        SELECT cart.side, count(DISTINCT cart.person) AS people
        FROM received AS cart JOIN sides ON sides.side = cart.side
        WHERE cart.event = 'apple' AND cart.happened_ms < {AT}
          AND NOT EXISTS (SELECT 1 FROM received AS bought
                          WHERE bought.side = cart.side AND bought.person = cart.person AND bought.event = 'Apple')
        GROUP BY cart.side ORDER BY 1""",
    "a window, a case and a name in upper case": """
        WITH numbered AS (
            SELECT side, event, row_number() OVER (PARTITION BY side ORDER BY message_id) AS n FROM Received)
        SELECT side, max(n) AS most, sum(CASE WHEN event IS NULL THEN 1 ELSE 0 END) // 2 AS half,
               'It''s ' || side AS said
        FROM numbered GROUP BY side ORDER BY side DESC""",
    "what is missing, by cause": """
        SELECT side, cause, count(*) AS n FROM missing GROUP BY side, cause ORDER BY n DESC, side, cause""",
    "sent and nowhere received": """
        SELECT event, coalesce(segment_outcome, 'none') AS fate, count(*) AS n FROM sent
        WHERE message_id NOT IN (SELECT message_id FROM received) GROUP BY event, fate ORDER BY event, fate""",
}  # fmt: skip


@pytest.mark.parametrize("view", COLUMNS)
def test_each_view_has_the_same_rows_on_every_engine(view, planted, reference):
    """All columns, in the order of the page."""
    question = plain_select(f"SELECT * FROM {view} ORDER BY {', '.join(COLUMNS[view])} LIMIT 1000")
    assert question.columns == tuple(COLUMNS[view])
    rows = planted.select(question.sql)
    assert rows
    assert rows == reference.select(question.sql)


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_kind_of_question_has_the_same_answer_on_every_engine(name, planted, reference):
    """As a team may ask it."""
    sql = plain_select(QUESTIONS[name]).sql
    rows = planted.select(sql)
    assert rows
    assert rows == reference.select(sql)
