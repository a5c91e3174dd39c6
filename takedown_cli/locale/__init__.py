"""The languages that people are spoken to in: the catalogues of each, and what reads them."""
