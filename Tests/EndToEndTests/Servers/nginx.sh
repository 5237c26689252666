#!/bin/sh
# nginx does not read the environment, so this script writes its configuration first.
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
# When started as root, nginx would read files as a user without access to this folder.
user=
[ "$(id -u)" != 0 ] || user='user root;'
head -c 20971520 /dev/zero | tr '\0' x >"$root/download"
sed -e "s|@PORT@|$PORT|g" -e "s|@ROOT@|$root|g" -e "s|@USER@|$user|" "$here/nginx.conf" >"$root/nginx.conf"
exec /usr/sbin/nginx -p "$root" -e stderr -c "$root/nginx.conf"
