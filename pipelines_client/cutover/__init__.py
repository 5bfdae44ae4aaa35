"""The stage of the migration: what blocks the next one, whether the way back is safe, who changed it and why.

`actions` changes it. `overview` reads what a decision rests on, `gates` decides and is pure, `rollback` counts,
`schedule` lays out the dates, `change` writes the stage file and its `journal`. `double_delivery` finds messages that
arrived by two ways. This room sends nothing and changes no spool. A new gate is a check and one line in `gates.GATES`.
"""
