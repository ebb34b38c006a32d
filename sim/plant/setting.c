#include "sim/plant/setting.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void accepted(const struct setting *setting, struct text *out) {
    switch (setting->kind) {
    case SETTING_NUMBER:
        text_addf(out, "%" PRId64 "..%" PRId64, setting->low, setting->high);
        break;
    case SETTING_CHOICE:
        for (size_t i = 0; setting->words[i]; i++)
            text_addf(out, "%s%s", i ? "|" : "", setting->words[i]);
        break;
    case SETTING_TEXT:
        text_addf(out, "1..%" PRId64 " printable characters without a comma", setting->high - 1);
        break;
    }
}

static bool set_number(const struct setting *setting, void *field, const char *value) {
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < setting->low || number > setting->high)
        return false;
    *(int64_t *)field = number;
    return true;
}

static bool set_choice(const struct setting *setting, void *field, const char *value) {
    for (int64_t i = 0; setting->words[i]; i++)
        if (!strcmp(setting->words[i], value)) {
            *(int64_t *)field = i;
            return true;
        }
    return false;
}

static bool set_text(const struct setting *setting, void *field, const char *value) {
    size_t len = strlen(value);

    if (len == 0 || len >= (size_t)setting->high)
        return false;
    for (size_t i = 0; i < len; i++)
        if (value[i] < 0x20 || value[i] > 0x7e || value[i] == ',')
            return false;
    memcpy(field, value, len + 1);
    return true;
}

bool setting_set(const struct setting *table, size_t count, void *object, const char *name, const char *value,
                 struct text *ret_why) {
    static bool (*const setters[])(const struct setting *, void *, const char *) = {
        [SETTING_NUMBER] = set_number,
        [SETTING_CHOICE] = set_choice,
        [SETTING_TEXT] = set_text,
    };

    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name))
            continue;
        if (setters[table[i].kind](&table[i], (char *)object + table[i].offset, value))
            return true;
        text_addf(ret_why, "%s: '%s' is not accepted, only ", name, value);
        accepted(&table[i], ret_why);
        return false;
    }
    text_addf(ret_why, "no setting is called '%s' here; there are:", name);
    for (size_t i = 0; i < count; i++)
        text_addf(ret_why, " %s", table[i].name);
    return false;
}

void setting_show(const struct setting *table, size_t count, const void *object, struct text *out) {
    for (size_t i = 0; i < count; i++) {
        const char *field = (const char *)object + table[i].offset;

        text_addf(out, "%s%s=", i ? " " : "", table[i].name);
        if (table[i].kind == SETTING_TEXT)
            text_add(out, field);
        else if (table[i].kind == SETTING_CHOICE)
            text_add(out, table[i].words[*(const int64_t *)field]);
        else
            text_addf(out, "%" PRId64, *(const int64_t *)field);
    }
}

void setting_help(const struct setting *table, size_t count, struct text *out) {
    for (size_t i = 0; i < count; i++) {
        text_addf(out, "  %-20s ", table[i].name);
        accepted(&table[i], out);
        text_addf(out, "\n      %s\n", table[i].help);
    }
}
