"""What Linux can imitate of Windows and macOS, so that faults there are found here."""
