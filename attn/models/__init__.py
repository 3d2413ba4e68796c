"""Whole networks: `init` makes the parameters, `loss_and_grads` what training needs."""
