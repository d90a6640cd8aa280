"""The tour: what to click and type in the demo, step by step, in a channel of its own. It takes about a minute."""

from dataclasses import dataclass, field

START = "start-here"  # the channel
TALK = "talk"  # where somebody has posted a link


@dataclass(frozen=True, slots=True)
class Step:
    """One message of the tour. It asks to open `channel`, to type `command` with `options`, and then to click.

    Or to pick an option of the select with this placeholder.
    """

    text: str
    channel: str = ""
    command: str = ""
    options: dict[str, str] = field(default_factory=dict)
    clicks: tuple[str, ...] = ()
    select: str = ""


FIRST_DIGEST = Step(
    "**6.** Make a digest of your own: send `/digest setup` in the same way, and click **Save**. "
    "Then click **Post one now**.",
    command="digest setup",
    clicks=("Save", "Post one now"),
)
TOUR = (
    Step(
        "**A tour in one minute.** This is a Discord server on your own machine, with the real bot in it. "
        "You are *ada*, who runs the server. Whatever you click or type works, and nobody else sees it."
    ),
    Step(
        "**1.** Open **#daily-papers** in the list of channels: this morning's digest. Pick a paper under "
        "**Details of…**. Then come back here, to **#start-here**.",
        channel="daily-papers",
        select="Details of…",
    ),
    Step(
        "**2.** Keep a paper: in **#daily-papers**, click **3** under *Save for later*. Only you see the answer. "
        "Another click takes it back.",
        channel="daily-papers",
        clicks=("3",),
    ),
    Step(
        "**3.** Find it again by a word of its abstract: send `/saved` with `actors`. Pick it under "
        "**Note, tags or read…** to write a note or mark it as read.",
        command="saved",
        options={"query": "actors"},
        select="Note, tags or read…",
    ),
    Step(
        "**4.** Type `/paper search` in the box below and press Enter. Type `world models` and click the arrow. "
        "**Share** shows everybody what you found.",
        command="paper search",
        options={"query": "world models"},
        clicks=("Share",),
    ),
    Step(
        "**5.** Typos are fine: send `/paper search` with `worldvk`. The answer says which word it took that for. "
        "Click **Only worldvk** to search for just what you typed.",
        command="paper search",
        options={"query": "worldvk"},
        clicks=("Only worldvk",),
    ),
    FIRST_DIGEST,
    Step("**7.** Send `/digest list` to see every digest of this server.", command="digest list"),
    Step(
        "**8.** Look around: **#quick-list** is compact, **#agents** has a filter and a thread, **#paper-forum** has a "
        "post for each paper, and **#announcements** has the week's best."
    ),
    Step(
        "**9.** Be a reader: choose *grace* under *Viewing as* at the top. Send `/paper show` with `2605.28820`, click "
        "**Follow** and pick an author: you see what that would have brought. Click **Follow** again.",
        command="paper show",
        options={"paper": "2605.28820"},
        clicks=("Follow",),
    ),
    Step(
        "**10.** Open **Paperboy (grace)** below the channels: what grace follows came there at nine. Pick a paper "
        "under **Less like…**. Then **Stop all** stops it with one click."
    ),
    Step(
        "**11.** In **#talk**, *grace* posted a link. In the menu of her message you chose *Apps*, *Papers in this "
        "message* (the page has no such menu), and got the paper's card. **Share** shows it to everybody.",
        channel=TALK,
        clicks=("Share",),
    ),
)
