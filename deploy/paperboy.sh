#!/bin/sh
# `sudo paperboy doctor`: runs a command as Paperboy's user, in the folder with its settings and its database.
if [ "$(id -u)" != 0 ]; then
    echo "Paperboy has a user of its own. Begin with sudo: sudo paperboy $*" >&2
    exit 2
fi
umask 077
cd /var/lib/paperboy && exec runuser -u paperboy -- env HOME=/var/lib/paperboy /opt/paperboy/.venv/bin/paperboy "$@"
