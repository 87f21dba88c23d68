"""A page on which people drop a photo and see its segments; only page.py needs gradio."""
