"""The people of a workspace after many calls: one profile each, kept as the documents say (FACTS P1 to P8). Pure.

A `Workspace` is fed with the effects of calls, in the order in which they arrive, and holds a `Profile` for each
person:

```python
workspace = Workspace()
outcomes = feed(workspace, DataPipelines(), call)              # all effects of one call
outcomes = apply_all(workspace, effects, call)                 # if a route has returned them already
outcome = workspace.apply(effect, source=CallKind("identify"), received_ms=1795167000000)
profile = workspace.find("user-42")                            # by id, e-mail address or cio_id
```

- `workspace.apply` returns a `PersonOutcome`: `profile` (whom it was about), `is_created`, `ineffective` (why nothing,
  or not everything, was applied: a key of `INEFFECTIVE`), `unsettled` (keys of `QUESTIONS`: what no document settles),
  `at_ms` and `edited_ms` (its time, and the person's newest edit before it), `other` (who owns the e-mail address, or
  was merged), and for an identify `stale` and `unsure`: the attributes that certainly, or perhaps, keep another value.
- `workspace.profiles` are all people, `workspace.visitors` the anonymous ids that were seen, by id, with the person to
  whom they were linked; `workspace.created` counts the people ever added by `CallKind` (type of call and event),
  `workspace.unsettled` the calls by question, `workspace.objects` the objects that were named.
- A `Profile` has `id`, `email`, `cio_id`, `attributes` (name → `Edit`: value and time), `devices`, `anonymous_ids`,
  `events`, `is_identified`, `created_by` and `unsettled`. A value that no document settles is an `Unknown`.

What no document settles is never chosen in silence: the model goes on in the way that `QUESTIONS` says, and marks the
call, the person and the value with the question. Memory grows with people, visitors and objects, not with calls:
`Workspace(keeps_attributes=False)` keeps no attribute but the e-mail address.

One more rule is one function and a line in `workspace`; one more open question is one line in `questions`.
"""

from pipelines_client.effects.people.feeding import apply_all, feed, kind_of
from pipelines_client.effects.people.profile import CallKind, Edit, PeopleLimits, Profile, Visitor
from pipelines_client.effects.people.questions import INEFFECTIVE, QUESTIONS, OpenQuestion
from pipelines_client.effects.people.state import PersonOutcome
from pipelines_client.effects.people.workspace import Workspace

__all__ = [
    "INEFFECTIVE",
    "QUESTIONS",
    "CallKind",
    "Edit",
    "OpenQuestion",
    "PeopleLimits",
    "PersonOutcome",
    "Profile",
    "Visitor",
    "Workspace",
    "apply_all",
    "feed",
    "kind_of",
]
