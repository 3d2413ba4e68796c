"""Scores to weights to context: the attention mechanisms of the papers."""
