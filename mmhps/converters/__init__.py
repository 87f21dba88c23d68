"""Data sets brought into the layout of Cityscapes, and checkpoints into another form."""
