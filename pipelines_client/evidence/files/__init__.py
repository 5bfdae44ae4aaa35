"""Files become rows: how each file format is opened and read, and how damage shows."""
