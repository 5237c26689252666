// libyaml, of Debian's package libyaml-dev. It is linked statically (Package.swift), so that f2s runs where it is not
// installed.
#include <yaml.h>
