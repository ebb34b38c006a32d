#pragma once
/* What each SCPI request does to the switch and what it answers: one table. */
#include "sim/plant/scpi.h"

struct scpi_call {
    struct scpi_session *session;
    const char *at, *end; /* the parameters */
    int64_t now_us;
    struct text *answer;
};

struct scpi_command {
    const char *pattern;
    bool is_query, is_set; /* is_set: may move mirrors or ports */
    /* 0 or an SCPI error; an error adds nothing to the answer. */
    int (*execute)(struct scpi_call *call);
    /* When the answer can be had; NULL: at once. */
    int64_t (*ready_at_us)(const struct scpi_call *call);
};

/* header without leading colon and '?'. NULL: there is none. */
const struct scpi_command *scpi_command_find(const char *header, size_t len, bool is_query);
void scpi_error(struct scpi_session *session, int code);
