#pragma once
/* From argv to a command with its values. Pure: no I/O. */
#include "ctl/command.h"
#include <stdint.h>

struct ctl_given {
    const struct ctl_flag *flag;
    const char *text; /* "" for a flag without value */
};

/* Strings point into argv. */
struct ctl_arguments {
    const struct ctl_noun *noun;
    const struct ctl_command *command;
    const char **positionals;
    unsigned n_positionals;
    struct ctl_given *given;
    size_t n_given;
};

enum ctl_parse {
    CTL_PARSE_OK = 0,
    CTL_PARSE_USAGE, /* the error says what is wrong and what would be right */
    CTL_PARSE_HELP,  /* noun and command are set as far as they were given */
    CTL_PARSE_VERSION,
};

/* nouns ends with NULL. argv[0] is the program. Set on every result; ctl_arguments_deinit() afterwards. */
__attribute__((warn_unused_result)) enum ctl_parse ctl_parse(const struct ctl_noun *const *nouns, int argc,
                                                             char *const *argv, struct ctl_arguments *ret,
                                                             char *error, size_t error_size);
void ctl_arguments_deinit(struct ctl_arguments *arguments);

/* The positional that the n-th word is for; CTL_POSITIONALS_MAX: none. */
unsigned ctl_positional_slot(const struct ctl_command *command, unsigned n);

/* The last value given for a flag, or NULL. */
const char *ctl_arguments_text(const struct ctl_arguments *arguments, const char *flag);

/* "250", "30s", "5m", "1h" to milliseconds; false for anything else or beyond 30 days. */
bool ctl_parse_seconds(const char *text, int64_t *ret_ms);
bool ctl_parse_number(const char *text, int64_t *ret_number);

/* The candidate nearest to a word, or NULL when none is near. candidates[n]. */
const char *ctl_nearest(const char *word, const char *const *candidates, size_t n);
