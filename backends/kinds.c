#include "backends/backend.h"

#define KIND(kind, ...) extern const struct backend_kind backend_##kind;
#include "backends/kinds.def"

enum { ALIASES_MAX = 4 };

static const struct {
    const struct backend_kind *kind;
    const char *aliases[ALIASES_MAX];
} kinds[] = {
#define KIND(kind, ...) { &backend_##kind, { __VA_ARGS__ } },
#include "backends/kinds.def"
};

const struct backend_kind *
backend_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        for (size_t k = 0; k < ALIASES_MAX && kinds[i].aliases[k]; k++)
            if (strcmp(kinds[i].aliases[k], name) == 0)
                return kinds[i].kind;
    return NULL;
}

static const char *const change_names[CHANGE_KINDS] = {
    [PUT] = "put",
    [MKDIR] = "mkdir",
    [REMOVE] = "remove",
    [REMOVE_TREE] = "remove_tree",
    [RENAME] = "rename",
    [LINK] = "link",
    [CHMOD] = "chmod",
};

const char *
change_name(enum change_kind kind)
{
    return (unsigned) kind < CHANGE_KINDS ? change_names[kind] : "?";
}
