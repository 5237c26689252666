#!/bin/sh
# busybox httpd: what is in cgi-bin is run.
here=$(cd "$(dirname "$0")" && pwd)
root=$(mktemp -d)
mkdir "$root/cgi-bin"
cp "$here/app.cgi" "$root/cgi-bin/app"
exec busybox httpd -f -p "127.0.0.1:$PORT" -h "$root"
