// The programs that serve functions from source text (`target.source`): the files of runtimes/.

#pragma once

#include <stddef.h>

/// Returns the text of the file `name` of runtimes/, for example "python/serve.py", and its number of bytes; NULL if
/// there is none. The text stays valid.
const char *f2s_runtime(const char *name, size_t *count);
