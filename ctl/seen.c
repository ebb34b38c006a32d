#include "ctl/seen.h"
#include <stdlib.h>
#include <string.h>

static void free_entry(struct ctl_seen_entry *entry) {
    free(entry->key);
    free(entry->text);
}

void ctl_seen_deinit(struct ctl_seen *seen) {
    for (size_t i = 0; i < seen->n; i++)
        free_entry(&seen->entries[i]);
    free(seen->entries);
    *seen = (struct ctl_seen){0};
}

void ctl_seen_begin_round(struct ctl_seen *seen) {
    for (size_t i = 0; i < seen->n; i++)
        seen->entries[i].is_there = false;
    seen->is_used = false;
}

static bool add(struct ctl_seen *seen, const char *key, const char *text) {
    if (seen->n == seen->capacity) {
        size_t capacity = seen->capacity ? 2 * seen->capacity : 64;
        struct ctl_seen_entry *entries = realloc(seen->entries, capacity * sizeof(*entries));
        if (!entries)
            return false;
        seen->entries = entries;
        seen->capacity = capacity;
    }
    struct ctl_seen_entry entry = {strdup(key), strdup(text), true};
    if (!entry.key || !entry.text) {
        free_entry(&entry);
        return false;
    }
    seen->entries[seen->n++] = entry;
    return true;
}

bool ctl_seen_is_new(struct ctl_seen *seen, const char *key, const char *text) {
    seen->is_used = true;
    for (size_t i = 0; i < seen->n; i++) {
        struct ctl_seen_entry *entry = &seen->entries[i];
        if (!entry->is_there && strcmp(entry->key, key) == 0 && strcmp(entry->text, text) == 0) {
            entry->is_there = true;
            return false;
        }
    }
    (void)add(seen, key, text);
    return true;
}

static bool has_key(const struct ctl_seen *seen, const char *key) {
    for (size_t i = 0; i < seen->n; i++)
        if (seen->entries[i].is_there && strcmp(seen->entries[i].key, key) == 0)
            return true;
    return false;
}

void ctl_seen_end_round(struct ctl_seen *seen,
                        void (*visit)(const char *key, const char *text, void *userdata), void *userdata) {
    size_t kept = 0;
    for (size_t i = 0; i < seen->n; i++)
        if (!seen->entries[i].is_there && !has_key(seen, seen->entries[i].key))
            visit(seen->entries[i].key, seen->entries[i].text, userdata);
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->entries[i].is_there)
            seen->entries[kept++] = seen->entries[i];
        else
            free_entry(&seen->entries[i]);
    }
    seen->n = kept;
}
