"""What people and machines may type for a query: any text at all, and the worst of it."""

from hypothesis import strategies as st

PIECES = (
    *(
        '"',
        "(",
        ")",
        "|",
        "OR",
        "NOT",
        "AND",
        "+",
        "-",
        "*",
        ":",
        " ",
        "\n",
        "a",
        "word",
        "é",
        "注",
        "🔥",
        "\x00",
        "\ud800",
    ),
    *("author:", "org:", "tag:", "day:", "after:", "before:", "min:", "has:", "sort:", "autor:", "x:", "2026-02-31"),
    *(
        "2026",
        "7d",
        "today",
        "50",
        "code",
        "date",
        "2601.00010",
        "https://arxiv.org/abs/2601.00010",
        "\u2028",
        "ß",
        "İ",
    ),
)
ANYTHING = st.text(max_size=300) | st.text(st.characters(exclude_categories=()), max_size=300)
HEAPS = st.lists(st.sampled_from(PIECES), max_size=60).flatmap(
    lambda pieces: st.sampled_from(("", " ")).map(lambda between: between.join(pieces))
)
HOSTILE = (
    *("(" * 6000, ")" * 6000, "(-" * 3000, "((a" * 2000, "(a) " * 1500, "(a OR " * 1000, "(author:a " * 600),
    *("NOT " * 1500, "OR " * 2000, "|" * 6000, "-" * 6000, "+-" * 3000, "-a " * 2000, "* " * 3000, "a*" * 3000),
    *('"' * 6000, '"a b" ' * 1000, '"' + "a " * 2999, 'author:"' * 750, "author:a " * 600, "author:" * 850),
    *("a:b " * 1500, ":" * 6000, "autor:b " * 700, "day:7d " * 850, "min:" + "9" * 5996, "2601." * 1200),
    *("x" * 6000, "a-" * 3000, "é" * 6000, "\ud800" * 6000, "\U0010ffff" * 6000, "/(a*)*/" + "a" * 5000),
)  # fmt: skip
GARBAGE = {
    "spaces": "   ",
    "a quote": '"',
    "open phrase": '"never closed',
    "operators": "AND OR NOT + - ! ~ ^ * ?",
    "field": "title:*",
    "unknown field": "nothing:here",
    "range": "change:[1 TO",
    "regex": "/.*/",
    "parentheses": "(" * 3000 + ")" * 3000,
    "emoji": "🔥👩‍👩‍👧‍👦",
    "2,000 characters": "attention " * 200,
    "6,000 characters": "x" * 6000,
    "controls": "a\x00b\x07c\x1b[31m\x7f",
    "bidi": "\u202eabc\u202c\u2066",
    "zalgo": "Z̵͓̈a̷͇͗l̸̰͝g̵͙̿o̶͎̚",
    "private use": "\ue000\U0010ffff\ufeff\u2028",
    "newlines": "a\nb\r\nc",
    "markdown": "**b** `c` [x](https://evil.example) @everyone <@1>",
    "sql": "'; DROP TABLE papers; --",
    "backslashes": "\\" * 50,
    "a minus": "-",
    "a huge number": "9" * 400,
    "half a pair": "a\ud800b",
    "boost": "a^1e309",
    "slop": '"a b"~99999999999999999999',
}
