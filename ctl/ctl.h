#pragma once
/* What every command works with: its arguments, the connection, where to print. */
#include "ctl/arguments.h"
#include "ctl/exit_status.h"
#include "ctl/table.h"
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>

enum ctl_format { CTL_FORMAT_TABLE, CTL_FORMAT_WIDE, CTL_FORMAT_JSON, CTL_FORMAT_JSONL, CTL_FORMAT_NAME };

struct ctl_client;
struct ctl_block;
struct ctl_watch;
struct Heliostat__V1__PlannedRequest;
struct Heliostat__V1__Preview;

struct ctl {
    const struct ctl_arguments *arguments;
    const struct ctl_noun *const *nouns;
    enum ctl_format format;
    const char *format_text;
    const char *socket_path; /* or the address, see ctl_is_remote() */
    bool colour;             /* of stdout */
    struct ctl_client *client;
    struct ctl_block *blocks;
    struct ctl_watch *watch;                       /* NULL but in a round of --watch */
    const char *asked_method, *asked_request_id;   /* of the last call; NULL: none, no change */
    struct Heliostat__V1__PlannedRequest *planned; /* what --dry-run asked; NULL: nothing yet */
    const struct Heliostat__V1__Preview *preview;  /* and what was said of it; NULL: nothing */
};

void ctl_init(struct ctl *ctl, const struct ctl_noun *const *nouns, const struct ctl_arguments *arguments);
void ctl_deinit(struct ctl *ctl);

/* Zeroed memory that lives as long as ctl; ends the program where there is none. */
void *ctl_alloc(struct ctl *ctl, size_t size);
__attribute__((format(printf, 2, 3))) char *ctl_text(struct ctl *ctl, const char *format, ...);
/* Has free_block(block) called by ctl_deinit(). */
void ctl_keep(struct ctl *ctl, void *block, void (*free_block)(void *block));
/* A whole file, "-": standard input; NUL added. NULL with the error printed. */
char *ctl_read_file(struct ctl *ctl, const char *path, size_t *ret_length);

bool ctl_has(const struct ctl *ctl, const char *flag);
/* NULL where the flag is not given. protobuf-c wants char *. */
char *ctl_flag_text(const struct ctl *ctl, const char *flag);
char *ctl_flag_text_or(const struct ctl *ctl, const char *flag, const char *otherwise);
int64_t ctl_flag_number(const struct ctl *ctl, const char *flag, int64_t otherwise);
int64_t ctl_flag_ms(const struct ctl *ctl, const char *flag, int64_t otherwise_ms);
/* All values of a list or of a repeatable flag. */
char **ctl_flag_list(struct ctl *ctl, const char *flag, size_t *ret_n);
/* NULL where it is not given. */
char *ctl_positional(const struct ctl *ctl, unsigned index);
char *ctl_positional_or(const struct ctl *ctl, unsigned index, const char *otherwise);

/* Prints "helioctl: ..." to stderr, with -o json or jsonl {"error": {"message", "exitStatus"}}, and returns
 * exit_status. */
__attribute__((format(printf, 3, 4))) int ctl_fail(const struct ctl *ctl, int exit_status, const char *format,
                                                   ...);
