#!/bin/sh
# busybox httpd runs the programs in cgi-bin.
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
mkdir "$root/cgi-bin"
cp "$here/app.cgi" "$root/cgi-bin/app"
exec busybox httpd -f -p "127.0.0.1:$PORT" -h "$root"
