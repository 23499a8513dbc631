"""How good an audit is: against later annotators, or against what was planted."""
