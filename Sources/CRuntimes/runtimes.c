#include "CRuntimes.h"

#include <string.h>

static const char python[] = {
#embed "../../runtimes/python/serve.py"
};

static const char node[] = {
#embed "../../runtimes/node/serve.mjs"
};

static const struct {
    const char *name;
    const char *text;
    size_t count;
} files[] = {
    {"python/serve.py", python, sizeof(python)},
    {"node/serve.mjs", node, sizeof(node)},
};

const char *f2s_runtime(const char *name, size_t *count) {
    for (size_t index = 0; index < sizeof(files) / sizeof(files[0]); index++) {
        if (strcmp(files[index].name, name) != 0) continue;
        *count = files[index].count;
        return files[index].text;
    }
    return NULL;
}
