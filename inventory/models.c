#include "inventory/models.h"

#include <stddef.h>
#include <string.h>

/* The one list: X(name, cubes, ports a side, largest slice in chips). */
#define MODELS(X)                                                                                            \
    X("tpu-v4", 64, 136, 4096)                                                                               \
    X("tpu-v5p", 140, 160, 6144)                                                                             \
    X("tpu7x", 144, 160, 9216)                                                                               \
    X("lab", 8, 16, 512)

#define ROW(name, cubes, ports, largest) {name, cubes, ports, largest},
#define NAME(name, cubes, ports, largest) ", " name

static const struct inventory_model models[] = {MODELS(ROW)};

const struct inventory_model *inventory_model_at(unsigned i) {
    return i < sizeof(models) / sizeof(models[0]) ? &models[i] : NULL;
}

const struct inventory_model *inventory_model_find(const char *name) {
    for (unsigned i = 0; i < sizeof(models) / sizeof(models[0]); i++)
        if (strcmp(models[i].name, name) == 0)
            return &models[i];
    return NULL;
}

const char *inventory_model_names(void) {
    static const char names[] = MODELS(NAME);
    return names + strlen(", ");
}
