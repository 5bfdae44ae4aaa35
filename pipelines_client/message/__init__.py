"""A call becomes a message: ids, times, plain JSON values, one serialisation.

Does no I/O and knows no destination. To support one more type of Python value, add a case to `values.py` and a row to
the table in its docstring.
"""
