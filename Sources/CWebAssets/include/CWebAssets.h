// The files of the console's page, embedded in the program: those of page/, and the guides in docs/guide/.

#pragma once

#include <stddef.h>

struct f2s_web_asset {
    /// The path below page/, for example "views/edit.js", or the name of a guide, for example "access.md".
    const char *path;
    const char *text;
    /// The number of bytes of the text.
    size_t count;
};

/// Returns the files of page/, sorted by their paths, then the guides, and the number of both.
const struct f2s_web_asset *f2s_web_assets(size_t *count);
