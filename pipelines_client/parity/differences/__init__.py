"""Where the two copies of a message differ, which differences are expected, and which are noise.

This room opens the pairs that the questions name, and takes what rules and noise explain out of the answers. It makes
no gates. To add a built-in expected difference, add a rule to `expected.BUILTIN` and its name to `rules.Builtin`.
"""
