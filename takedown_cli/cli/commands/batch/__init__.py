"""``takedown batch``: a helpline's caseload, from the manifest to the report for funders."""

from __future__ import annotations

from takedown_cli.cli.commands.batch import forget, handover, init, report, run, slips, status, template, withdraw
from takedown_cli.cli.options.common import application

app = application("A helpline's caseload: many callers, each with a case of their own, in one sealed ledger.")

app.command()(init.init)
app.command()(template.template)
app.command(epilog=run.EPILOG)(run.run)
app.command(epilog=run.EPILOG)(run.resume)
app.command()(status.status)
app.command()(slips.slips)
app.command()(report.report)
app.command()(handover.handover)
app.command()(withdraw.withdraw)
app.command()(forget.forget)
