#!/bin/sh
# nginx reads no environment: its configuration is written before it starts.
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
# Started as root, it would read files as a user who may not read here.
user=
[ "$(id -u)" != 0 ] || user='user root;'
head -c 20971520 /dev/zero | tr '\0' x >"$root/download"
sed -e "s|@PORT@|$PORT|g" -e "s|@ROOT@|$root|g" -e "s|@USER@|$user|" "$here/nginx.conf" >"$root/nginx.conf"
exec /usr/sbin/nginx -p "$root" -e stderr -c "$root/nginx.conf"
