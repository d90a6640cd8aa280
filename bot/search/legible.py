"""What Discord sends is not always text."""


def legible(text: str) -> str:
    """`text` without halves of surrogate pairs, which neither UTF-8 nor tantivy takes."""
    return text.encode(errors="ignore").decode()
