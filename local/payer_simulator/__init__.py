"""A clearinghouse and its payers, played by one local process that speaks X12."""
