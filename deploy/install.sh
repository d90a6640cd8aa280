#!/bin/sh
# Gives Paperboy in /opt/paperboy a user, a folder, a command and a service. Run it as root; it may be run again.
set -eu
cd "$(dirname "$0")"
if ! id paperboy >/dev/null 2>&1; then
    useradd --system --user-group --home-dir /var/lib/paperboy --no-create-home --shell /usr/sbin/nologin paperboy
fi
install --directory --owner=paperboy --group=paperboy --mode=0700 /var/lib/paperboy
install --mode=0755 paperboy.sh /usr/local/bin/paperboy
install --mode=0644 paperboy.service /etc/systemd/system/paperboy.service
install --mode=0644 paperboy@.service /etc/systemd/system/paperboy@.service
systemctl daemon-reload
