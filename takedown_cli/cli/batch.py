"""``takedown batch``: a helpline's caseload, from a manifest to a report for funders.

It guarantees that each command of the group is in a module of its own, and only hung in here.
It must never do any work itself.
"""

from __future__ import annotations

from takedown_cli.cli import batch_report, batch_run, batch_shift, batch_slips, batch_status, batch_template
from takedown_cli.cli.options import application

app = application("A helpline's caseload: many callers, each with a case of their own, in one sealed ledger.")

app.command()(batch_template.template)
app.command(epilog=batch_run.EPILOG)(batch_run.run)
app.command(epilog=batch_run.EPILOG)(batch_run.resume)
app.command()(batch_status.status)
app.command()(batch_slips.slips)
app.command()(batch_report.report)
app.command()(batch_shift.handover)
app.command()(batch_status.withdraw)
app.command()(batch_shift.forget)
