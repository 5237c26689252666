#!/bin/sh
# The CGI program (RFC 3875) for lighttpd and busybox httpd.
body() { [ "$REQUEST_METHOD" = HEAD ] || printf '%s\n' "$1"; }
case $PATH_INFO in
/echo)
    if [ -n "$CONTENT_LENGTH" ]; then head -c "$CONTENT_LENGTH" >"$TMPDIR/body.$$"; else cat >"$TMPDIR/body.$$"; fi
    printf 'Content-Type: text/plain\r\n\r\n'
    echo "$(wc -c <"$TMPDIR/body.$$")" "$(md5sum <"$TMPDIR/body.$$" | cut -c1-32)"
    rm "$TMPDIR/body.$$"
    ;;
/download)
    printf 'Content-Type: text/plain\r\n\r\n'
    head -c 20971520 /dev/zero | tr '\0' x
    ;;
/cookies)
    printf 'Content-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\n\r\n'
    body two
    ;;
/status/204 | /status/304) printf 'Status: %s Nothing\r\n\r\n' "${PATH_INFO#/status/}" ;;
/status/*)
    printf 'Status: %s Wanted\r\nContent-Type: text/plain\r\n\r\n' "${PATH_INFO#/status/}"
    body status
    ;;
*)
    printf 'Content-Type: text/plain\r\n\r\n'
    body hello
    ;;
esac
