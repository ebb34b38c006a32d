#pragma once
/* Named settings of the plant's parts: one table a kind of part, read by `set`, `get` and the help. */
#include "sim/plant/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_kind {
    SETTING_NUMBER, /* int64_t, low..high */
    SETTING_CHOICE, /* int64_t, index into words */
    SETTING_TEXT,   /* char[high]: printable ASCII without comma, 1..high-1 characters */
};

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset; /* into the struct that the table describes */
    int64_t low, high;
    const char *words[5]; /* ended by NULL */
    const char *help;
};

/* Sets object's field of that name. False: nothing was changed and ret_why says what would be accepted. */
__attribute__((warn_unused_result)) bool setting_set(const struct setting *table, size_t count, void *object,
                                                     const char *name, const char *value,
                                                     struct text *ret_why);
/* "name=value name=value ..." */
void setting_show(const struct setting *table, size_t count, const void *object, struct text *out);
/* One line a setting: name, what is accepted, help. */
void setting_help(const struct setting *table, size_t count, struct text *out);
