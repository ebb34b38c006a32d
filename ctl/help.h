#pragma once
/* --help at every level. */
#include "ctl/command.h"
#include <stdio.h>

/* noun NULL: all commands; command NULL: the commands of a noun. */
void ctl_help(const struct ctl_noun *const *nouns, const struct ctl_noun *noun,
              const struct ctl_command *command, FILE *out);
/* "NAME --topology T [flags]" */
void ctl_synopsis(const struct ctl_command *command, FILE *out);
/* Nouns whose name begins with "__" are for programs. */
bool ctl_is_hidden(const struct ctl_noun *noun);

extern const char ctl_exit_help[];
