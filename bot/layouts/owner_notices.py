"""What the application's owner is told on Discord: what is wrong and what to do, and when it is over."""

from collections.abc import Mapping

from bot.vitals import Fault

FAULTS: Mapping[Fault, str] = {
    Fault.DISK_FULL: (
        "**The disk is full.** Nothing is stored and no digest is sent. Make room on the machine: everything then "
        "continues by itself, and digests that were due are sent."
    ),
    Fault.DATABASE_DAMAGED: (
        "**The database is damaged.** I stopped, so that nothing gets worse, and starting me again won't help. Put the "
        "latest backup in its place; the last line of the log says how."
    ),
    Fault.DATABASE_AWAY: (
        "**I can't reach the database.** No digest is sent and no command works. Once PostgreSQL answers again, "
        "everything continues by itself, and digests that were due are sent. Look at its log, and at the network."
    ),
    Fault.BACKUP_FAILING: (
        "**Backups fail.** Digests are still sent, but there is no new copy of the database. The log says why: usually "
        "the folder is missing, can't be written to, or has no room."
    ),
    Fault.PAPERS_UNAVAILABLE: (
        "**I haven't been able to read Hugging Face's papers for a day.** Digests wait for them, and none is lost. "
        "Check the network; the log says what Hugging Face answers."
    ),
    Fault.COMMANDS_REJECTED: (
        "**Discord rejected my commands.** Those it already has keep working. The log says why. I try again at "
        "my next start: start me again in a while, or update me."
    ),
    Fault.CLOCK_WRONG: (
        "**The machine's clock is wrong.** Digests follow it, so they come too early or too late. Set it, for example "
        "with `timedatectl set-ntp true`."
    ),
    Fault.INDEX_STUCK: (
        "**The search index can't be updated.** Searches and filters miss new papers. Check that its folder, beside "
        "the database, has room and can be written to. If that doesn't help, stop me, delete the folder and start me: "
        "I make it again."
    ),
    Fault.HEARTBEAT_LOST: (
        "**My heartbeat hasn't arrived for an hour.** Digests are still sent, but your monitoring may take me for "
        "dead. Check the address in `PAPERBOY_HEARTBEAT_URL`."
    ),
}
ENDS: Mapping[Fault, str] = {
    Fault.DISK_FULL: "The disk has room again, and everything continues.",
    Fault.DATABASE_DAMAGED: "The database is fine again.",
    Fault.DATABASE_AWAY: "I can reach the database again, and everything continues.",
    Fault.BACKUP_FAILING: "Backups are made again.",
    Fault.PAPERS_UNAVAILABLE: "I can read Hugging Face's papers again. Digests that waited are sent.",
    Fault.COMMANDS_REJECTED: "Discord has my commands.",
    Fault.CLOCK_WRONG: "The machine's clock is right again.",
    Fault.INDEX_STUCK: "The search index is up to date again.",
    Fault.HEARTBEAT_LOST: "My heartbeat arrives again.",
}
