"""The real command against odd and hostile files, kills and a whole caseload; ``make`` runs them at length."""
