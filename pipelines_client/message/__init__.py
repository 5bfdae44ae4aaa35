"""A call becomes a message: ids, times, plain JSON values, one serialisation."""
