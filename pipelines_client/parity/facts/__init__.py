"""Evidence is read into facts: rows on disk that the questions run on. Knows readers, and no SQL questions."""
