#pragma once
/* One SCPI session with one switch: bytes in, answers out, time as an argument. Requests of one session
 * execute strictly one after the other; a request that waits (for mirrors, for a slow read) holds up its own
 * session only.
 *
 * A line takes these steps: (1) it is complete, (2) it executes, unit by unit, (3) its answer leaves. Between
 * any two the behaviour of the switch may put time, and a fault may end the session. */
#include "sim/plant/switch.h"
#include "sim/plant/text.h"

#define SCPI_MAX_INPUT 65536
#define SCPI_MAX_LINE 32768

/* What goes into the journal: written before any of the answer leaves. */
struct scpi_record {
    uint64_t connection, number; /* number: of the line in this session, from 1 */
    int64_t received_us, time_us;
    const char *request; /* NULL: goes on with the line of that number */
    size_t request_len;
    const struct sim_move *moves;
    size_t n_moves;
    const char *answer; /* NULL: none, or not yet */
    bool to_be_continued;
    bool connection_closed;
};

/* None of these may free the session. */
struct scpi_peer {
    void *userdata;
    void (*record)(void *userdata, const struct scpi_record *record);
    void (*answer)(void *userdata, const char *bytes, size_t len);
    void (*reset)(void *userdata); /* the session shall end with a reset of its connection */
};

struct scpi_session {
    struct sim_switch *sw;
    struct scpi_peer peer;
    uint64_t connection;
    struct text input;
    bool discarding; /* up to the end of a line that is too long */
    bool closed;     /* nobody listens any more */
    bool broken;     /* ended by a fault */

    bool in_line;
    struct text line;
    size_t at;       /* the next unit */
    size_t path_len; /* header without its last node, in path */
    char path[256];
    struct text answers; /* joined so far */
    struct text unsent;  /* in the mode of line by line */
    uint64_t number;
    int64_t received_us, hold_until_us;
    bool recorded, delayed, unit_waited, answer_waited;
    struct sim_errors errors;
};

void scpi_session_init(struct scpi_session *session, struct sim_switch *sw, uint64_t connection,
                       const struct scpi_peer *peer);
void scpi_session_deinit(struct scpi_session *session);
/* How many bytes may be handed to scpi_receive() now. */
size_t scpi_room(const struct scpi_session *session);
/* Takes the bytes and executes what can be executed. At most scpi_room() bytes. */
void scpi_receive(struct scpi_session *session, const void *bytes, size_t len, int64_t now_us);
/* Goes on with what waited. */
void scpi_run(struct scpi_session *session, int64_t now_us);
/* When to call scpi_run() again; INT64_MAX: not before more bytes come. */
int64_t scpi_next_wakeup_us(const struct scpi_session *session);
/* The connection is gone. True: the session has still something to execute: run it on until scpi_is_idle().
 */
__attribute__((warn_unused_result)) bool scpi_close(struct scpi_session *session);
bool scpi_is_idle(const struct scpi_session *session);
