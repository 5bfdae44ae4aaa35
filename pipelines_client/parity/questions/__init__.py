"""Questions in SQL over facts, one file each in `queries/`, and the engines that answer them.

This room counts and compares; it judges nothing. To add a question, write its file and a `Question` with its row type
(in `rows`, or with the finding that asks it). To add an engine, write a subclass of `engine.Engine` and a branch of
`open.open_engine`.
"""
