"""A page on which people drop a photo and see its segments; gradio draws it, the rest needs none."""
