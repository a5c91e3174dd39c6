"""The caseload in figures, with small numbers withheld."""
