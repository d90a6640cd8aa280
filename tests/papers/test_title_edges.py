# ruff: noqa: RUF001, RUF003 - these letters and signs are meant
"""Titles: LaTeX that takes more than one sign, read as people write it."""

import pytest

from bot.papers.titles import get_display_title, replace_latex


@pytest.mark.parametrize(
    ("title", "seen"),
    [
        (r"Errors below 10$^{-12}$", "Errors below 10⁻¹²"),
        (r"The $x_{10}$-th of $2^{31}$ Steps", "The x₁₀-th of 2³¹ Steps"),
        ("CO_{23} at 10^{-3}", "CO₂₃ at 10⁻³"),
        ("Turned by 360^{circ}", "Turned by 360°"),
        (r"Rates of $O\left(n^2\right)$", "Rates of O(n²)"),
        (r"The ${K}$-Means Way", "The K-Means Way"),
        (r"With $a \quad b$ apart", "With a b apart"),
        (r"All of $2^{n+\alpha}$", "All of 2^n+α"),  # there is no raised α
        (r"A \textbf{Bold} Claim about {Sets}", "A Bold Claim about {Sets}"),
    ],
)
def test_latex_of_several_signs_is_readable_in_a_title(title: str, seen: str) -> None:
    assert replace_latex(title) == seen


def test_a_paper_is_called_by_its_title_or_else_by_its_id() -> None:
    assert get_display_title(r"$\beta$-VAE", "2601.00001") == "β-VAE"
    assert get_display_title("\u200b", "2601.00001") == "arXiv:2601.00001"
