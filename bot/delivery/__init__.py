"""Deliver: plan → send → record, exactly once.

The crash between any two steps, and what makes it harmless:

    before plan       nothing happened; the run is still due
    plan → attempt    the delivery is planned and no message exists; it is sent
    attempt → record  a message may exist: before anything is sent again, the channel's history is searched
                      for our button with the nonce; should the first request still be on its way then,
                      Discord's own check of the nonce gives back its message
    between messages  those that arrived are recorded one by one; the rest is sent
    after messages    their threads are opened, and they are published; Discord refuses both a second time
    after record      the unique key (subscription, run date) makes a second plan impossible

`dispatcher` decides when, and how many at once; `planning` what a run posts. `sending` takes one delivery through the
steps, `simplifying` makes a message that Discord refuses simpler; `follow_ups` has the steps after its messages,
`failures` what becomes of one that does not arrive, `recovery` what goes on again by itself, `notices` what a server is
told.
"""
