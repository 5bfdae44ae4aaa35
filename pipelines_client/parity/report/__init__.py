"""From what a run collected to a ParityReport, and from two reports to what changed. Pure, except `replay_list`.

The room judges nothing itself: gates, causes and bounds are in `judgement`. It knows no rendering. To add a value to
the report, add it to the model and fill it in `build_report`, from `ReportInputs` only.
"""
