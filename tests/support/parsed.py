"""What is read in a query, put briefly."""

from bot.search.query import AnyOf, Group, Node, Occur
from tests.support.indexes import parse_on_day


def nodes(text: str) -> list[Node]:
    """What the clauses of `text` say; checks that there is no mistake in it."""
    query = parse_on_day(text)
    assert query.mistakes == ()
    return [each.node for each in query.clauses]


def wrong(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The pieces of the text that are marked as wrong, with the right forms shown for them."""
    query = parse_on_day(text)
    return [(query.text[each.start : each.end], each.corrections) for each in query.mistakes]


def options(node: Node) -> list[tuple[Occur, Node]]:
    assert isinstance(node, AnyOf)
    return [(each.occur, each.node) for each in node.options]


def inner(node: Node) -> list[tuple[str, Node]]:
    marks = {Occur.SHOULD: "", Occur.MUST: "+", Occur.NOT: "-"}
    assert isinstance(node, Group)
    return [(marks[each.occur], each.node) for each in node.clauses]
