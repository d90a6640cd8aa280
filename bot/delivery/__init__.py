"""Deliver digests: plan → send → record, exactly once.

The bot may crash between any two steps. Why that is harmless:

    before plan       nothing has happened; the run is still due
    plan → attempt    the delivery is planned and no message exists; it is sent after the restart
    attempt → record  a message may exist: before anything is sent again, the channel's history is searched
                      for our button with the nonce; if the first request is still on its way even then,
                      Discord recognizes the nonce and returns the first message instead of a second one
    between messages  those that arrived are recorded one by one; the rest is sent
    after messages    threads are opened and messages published; Discord does neither twice
    after record      the unique key (subscription, run date) makes a second plan impossible

- `dispatcher` decides when deliveries start and how many run at once
- `planning` decides what a run posts, in which messages
- `sending` takes one delivery through the steps
- `turns` lets servers and people go in turn
- `simplifying` makes a message simpler when Discord rejects it
- `follow_ups` opens threads and publishes messages
- `failures` retries, gives up or suspends
- `nonces` derives the nonces of messages, and finds whose message has one
- `restored_channels` looks for what was posted after the backup from which the file was restored
- `recovery` ends suspensions once the obstacle is gone
- `notices` tells a server about problems
"""
