// zlib, of Debian's package zlib1g-dev. It is linked statically (Package.swift), so that f2s runs where it is not
// installed.
#include <zlib.h>
