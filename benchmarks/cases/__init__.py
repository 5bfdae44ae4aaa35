"""One file per question. A new one is picked up by being here.

It holds a function that is decorated with `benchmarks.case.case` (name, place on the page, title, words for readers),
is given a `Bench`, and returns an `Outcome`: the figures of all runs, tables, plots, and budgets, which go to the top
of the page. It asks `Bench.scaled` for its sizes and `Bench.turns` for what is to run next, so that it is small in a
smoke run.
"""
