#pragma once
/* What a watch has printed, so that only changes are printed again. Pure. Texts belong to keys; a key may
 * have several texts. */
#include <stdbool.h>
#include <stddef.h>

struct ctl_seen_entry {
    char *key, *text;
    bool is_there; /* in the present round */
};

struct ctl_seen {
    struct ctl_seen_entry *entries;
    size_t n, capacity;
    bool is_used; /* something was asked in the present round */
};

void ctl_seen_deinit(struct ctl_seen *seen);
void ctl_seen_begin_round(struct ctl_seen *seen);
/* Whether the text is new, or another one than before. True without memory: rather twice than never. */
bool ctl_seen_is_new(struct ctl_seen *seen, const char *key, const char *text);
/* Calls visit for the last text of every key that was there before and is not in this round, and forgets what
 * is past. */
void ctl_seen_end_round(struct ctl_seen *seen,
                        void (*visit)(const char *key, const char *text, void *userdata), void *userdata);
