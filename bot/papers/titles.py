# ruff: noqa: RUF001 - these letters and signs are meant
"""Titles as people read them: with letters and signs instead of LaTeX."""

import re
from collections.abc import Iterator
from functools import lru_cache

from bot.text import is_visible, join_lines

_MATHS = re.compile(r"(?<![\\$])\$(?![\s$])((?:[^$\\]|\\.)+)(?<!\s)\$(?![0-9$])")  # does not match `$5 and $10`
_LIKE_MATHS = re.compile(r"[\\^_=+<>]|^\S+$")  # does not match within `$5 for US$`
_STYLED = re.compile(
    r"\\?(?:math(?:rm|bf|cal|bb|it|sf|tt|frak)|text(?:rm|bf|it|sf|tt|sc)?|emph|boldsymbol|bm|operatorname)\{([^{}]*)\}"
)
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}")
_COMMAND = re.compile(r"(\w?)\\([A-Za-z]+)")
_ESCAPED = re.compile(r"\\([&%$#_])")
_SPACE = re.compile(r"\\[ ,;:]|\\!")
_IN_MATHS = re.compile(r"([\^_])(?:\{([^{}]*)\}|([^\s{}]))")
_IN_BRACES = re.compile(r"([\^_])\{([^{}]*)\}")


def _parse_pairs(text: str) -> dict[str, str]:
    """Each command and the sign that follows it."""
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


_GREEK = _parse_pairs(
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ "
    "mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω "
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
)
_SIGNS = _GREEK | _parse_pairs(
    "times × cdot · pm ± leq ≤ le ≤ geq ≥ ge ≥ neq ≠ ne ≠ approx ≈ sim ∼ equiv ≡ propto ∝ infty ∞ partial ∂ "
    "nabla ∇ to → rightarrow → leftarrow ← leftrightarrow ↔ Rightarrow ⇒ mapsto ↦ in ∈ subset ⊂ cup ∪ cap ∩ "
    "forall ∀ exists ∃ sum ∑ prod ∏ int ∫ sqrt √ ell ℓ star ⋆ ast * circ ∘ prime ′ oplus ⊕ otimes ⊗ "
    "langle ⟨ rangle ⟩ ldots … dots … cdots ⋯ dagger † ll ≪ gg ≫ mid | lvert | rvert |"
)
_SIGNS |= {"left": "", "right": "", "quad": " "}
_ABOVE = dict(zip("0123456789+-=()ni*∘′⋆†", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ*°′⋆†", strict=True)) | {"circ": "°"}
_BELOW = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))


def get_display_title(title: str, paper_id: str) -> str:
    """What a paper is called wherever people read it: its title, or its id if nothing of the title is visible."""
    name = replace_latex(title)
    return name if is_visible(name) else f"arXiv:{paper_id}"


@lru_cache(1024)
def replace_latex(title: str) -> str:
    """`title` without its LaTeX: `--` becomes a dash, `$\\pi_0$` becomes π₀."""
    parts = split_maths(join_lines(title))
    return join_lines("".join(_render_maths(part) if is_maths else _render_prose(part) for part, is_maths in parts))


def split_maths(title: str) -> Iterator[tuple[str, bool]]:
    """The parts of `title`, each with whether it is maths between dollars."""
    start = 0
    for found in _MATHS.finditer(title):
        if _LIKE_MATHS.search(found[1]):
            yield title[start : found.start()], False
            yield found[0], True
            start = found.end()
    yield title[start:], False


def _render_prose(text: str) -> str:
    text = _STYLED.sub(r"\1", text) if "{" in text else text
    text = _COMMAND.sub(lambda found: found[1] + _GREEK.get(found[2], f"\\{found[2]}"), text)
    text = _IN_BRACES.sub(_replace_script, _SPACE.sub(" ", text))
    text = re.sub(r"(?<!-)---(?!-)", "—", text)
    return _ESCAPED.sub(r"\1", re.sub(r"(?<!-)--(?!-)", "–", text))


def _render_maths(text: str) -> str:
    text = _STYLED.sub(r"\1", _STYLED.sub(r"\1", text[1:-1]))
    text = _FRACTION.sub(r"\1/\2", text)
    text = _COMMAND.sub(_replace_command, text)
    text = _IN_MATHS.sub(_replace_script, _SPACE.sub(" ", text))
    return _ESCAPED.sub(r"\1", re.sub(r"(?<!\\)[{}]", "", text)).replace("\\{", "{").replace("\\}", "}").strip()


def _replace_command(found: re.Match[str]) -> str:
    """The sign that a command means; a word such as `log` gets a space before it."""
    before, name = found[1], found[2]
    sign = _SIGNS.get(name)
    if sign is not None:
        return before + sign
    return f"{before} {name}" if before else name


def _replace_script(found: re.Match[str]) -> str:
    """As raised or lowered characters, if there are such characters for all of it."""
    body = next(each for each in found.groups()[1:] if each is not None).strip()
    table = _ABOVE if found[1] == "^" else _BELOW
    if body in table:
        return table[body]
    return "".join(map(table.__getitem__, body)) if set(body) <= table.keys() else f"{found[1]}{body}"
