// The files of the console's page: those of page/, embedded in the program.

#pragma once

#include <stddef.h>

struct f2s_web_asset {
    /// The path below page/, for example "views/edit.js".
    const char *path;
    const char *text;
    /// The number of bytes of the text.
    size_t count;
};

/// Returns the files, sorted by their paths, and their number.
const struct f2s_web_asset *f2s_web_assets(size_t *count);
