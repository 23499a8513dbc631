"""Which labels are probably wrong: cross-fitting, scores, confident learning, evidence."""
