"""Convert data sets to Cityscapes' layout, weights to our models, checkpoints for publication."""
