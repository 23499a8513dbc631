"""Reports that a person reads: the audit's page, its numbers and its list of label issues."""
