"""What stands beside the models: gradient checks, optimizers, training, data."""
