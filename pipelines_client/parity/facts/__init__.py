"""Evidence is read into facts: rows on disk that the questions run on.

This room reads files through the kinds of `evidence` and keeps packs of facts for the next run. It knows no SQL and no
judgement. To store another column, add it to `evidence.fact`, to the row types of `writer`, and raise
`NORMALISER_VERSION`.
"""
