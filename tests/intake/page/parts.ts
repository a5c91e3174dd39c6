// The parts of the page that have a counterpart in Python, for tests that run them in a browser.

export * as bytes from "../../../takedown_cli/intake/page/src/bytes";
export * as caseNumber from "../../../takedown_cli/intake/page/src/case_number";
export * as documents from "../../../takedown_cli/intake/page/src/documents";
export * as envelope from "../../../takedown_cli/intake/page/src/envelope";
export * as seal from "../../../takedown_cli/intake/page/src/seal";
