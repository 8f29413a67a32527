"""The machinery of rules: what a rule is, how rules run, what they may end in."""
