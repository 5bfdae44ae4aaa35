"""What changes from one plan to the next, and whether it breaks what is there.

    from pipelines_client.plan.diff.plans import changes_between

    changes = changes_between(load_plan("old.yaml"), load_plan("tracking-plan.yaml"))
    breaking = [change for change in changes if change.is_breaking]

A change is breaking if a call that was as planned no longer is, or if what is sent no longer means what those who read
it rely on. Read in this order:

    rules      the table of all kinds of changes, breaking or compatible; `PlanChange`
    schemas    two JSON Schemas
    plans      two plans: events, versions, aliases, pages, conventions, modes
    render     the changes as text, JSON, or Markdown for a pull request
"""
