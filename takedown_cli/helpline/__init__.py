"""A helpline's caseload: many callers, each with a case of their own."""
