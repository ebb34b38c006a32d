#include "sim/plant/scpi.h"
#include "sim/plant/plant.h"
#include "sim/plant/scpi_command.h"
#include "sim/plant/scpi_syntax.h"
#include <ctype.h>
#include <string.h>

void scpi_session_init(struct scpi_session *session, struct sim_switch *sw, uint64_t connection,
                       const struct scpi_peer *peer) {
    *session = (struct scpi_session){.sw = sw, .connection = connection, .peer = *peer};
}

void scpi_session_deinit(struct scpi_session *session) {
    text_deinit(&session->input);
    text_deinit(&session->line);
    text_deinit(&session->answers);
    text_deinit(&session->unsent);
}

size_t scpi_room(const struct scpi_session *session) {
    return SCPI_MAX_INPUT - session->input.len;
}

static void drop_input(struct scpi_session *session, size_t len) {
    memmove(session->input.data, session->input.data + len, session->input.len - len);
    session->input.len -= len;
}

/* Step 1: the next complete line becomes the current one. */
static bool take_line(struct scpi_session *session, int64_t now_us) {
    for (;;) {
        const char *newline =
            session->input.len ? memchr(session->input.data, '\n', session->input.len) : NULL;
        size_t len;

        if (!newline) {
            if (session->input.len > SCPI_MAX_LINE) {
                if (!session->discarding)
                    scpi_error(session, -363);
                session->discarding = true;
                session->input.len = 0;
            }
            return false;
        }
        len = (size_t)(newline - session->input.data);
        if (!session->discarding && len <= SCPI_MAX_LINE) {
            text_clear(&session->line);
            text_add_bytes(&session->line, session->input.data,
                           len && session->input.data[len - 1] == '\r' ? len - 1 : len);
            drop_input(session, len + 1);
            break;
        }
        if (!session->discarding)
            scpi_error(session, -363);
        session->discarding = false;
        drop_input(session, len + 1);
    }
    session->in_line = true;
    session->at = session->path_len = 0;
    session->number++;
    session->received_us = now_us;
    session->recorded = session->delayed = session->unit_waited = session->answer_waited = false;
    text_clear(&session->answers);
    text_clear(&session->unsent);
    return true;
}

/* One request between semicolons. */
struct unit {
    const char *at, *end; /* all of it */
    const char *header, *header_end;
    bool is_query, is_common, from_root;
    const char *parameters;
};

static size_t unit_end(const struct text *line, size_t at) {
    bool quoted = false;

    for (; at < line->len; at++) {
        if (line->data[at] == '"')
            quoted = !quoted;
        if (line->data[at] == ';' && !quoted)
            break;
    }
    return at;
}

static struct unit split_unit(const char *at, const char *end) {
    struct unit unit = {.at = at, .end = end};

    scpi_skip_space(&at, end);
    if (at < end && *at == ':') {
        unit.from_root = true;
        at++;
    }
    unit.header = at;
    while (at < end && !isspace((unsigned char)*at) && *at != '?')
        at++;
    unit.header_end = at;
    unit.is_common = unit.header < at && *unit.header == '*';
    if (at < end && *at == '?') {
        unit.is_query = true;
        at++;
    }
    unit.parameters = at;
    return unit;
}

static bool has_set_command(const struct scpi_session *session) {
    for (size_t at = 0; at < session->line.len;) {
        size_t end = unit_end(&session->line, at);
        struct unit unit = split_unit(session->line.data + at, session->line.data + end);

        if (unit.header < unit.header_end && !unit.is_query)
            return true;
        at = end + 1;
    }
    return false;
}

/* After ';' a header without a leading colon continues at the previous node (SCPI-99, volume 1, 6.2.4). */
static const struct scpi_command *find_command(struct scpi_session *session, const struct unit *unit) {
    size_t len = (size_t)(unit->header_end - unit->header);
    char header[sizeof(session->path)];
    const char *last_colon;

    if (unit->is_common)
        return scpi_command_find(unit->header, len, unit->is_query);
    if (unit->from_root)
        session->path_len = 0;
    if (session->path_len + len >= sizeof(header))
        return NULL;
    memcpy(header, session->path, session->path_len);
    memcpy(header + session->path_len, unit->header, len);
    len += session->path_len;
    memcpy(session->path, header, len);
    last_colon = memrchr(session->path, ':', len);
    session->path_len = last_colon ? (size_t)(last_colon - session->path) + 1 : 0;
    return scpi_command_find(header, len, unit->is_query);
}

static void record(struct scpi_session *session, const char *answer, bool to_be_continued, int64_t now_us) {
    struct sim_switch *sw = session->sw;
    struct scpi_record record = {
        .connection = session->connection,
        .number = session->number,
        .received_us = session->received_us,
        .time_us = now_us,
        .request = session->recorded    ? NULL
                   : session->line.data ? session->line.data
                                        : "",
        .request_len = session->recorded ? 0 : session->line.len,
        .moves = sw->moves,
        .n_moves = sw->n_moves,
        .answer = answer,
        .to_be_continued = to_be_continued,
        .connection_closed = session->closed,
    };

    session->recorded = true;
    session->peer.record(session->peer.userdata, &record);
    sim_switch_clear_moves(sw);
}

static void send_answer(struct scpi_session *session, const struct text *answer) {
    struct sim_switch *sw = session->sw;
    const struct sim_behaviour *behaviour = &sw->behaviour;
    struct text out = {0};

    if (session->closed)
        return;
    text_add_bytes(&out, answer->data, answer->len);
    if (out.len > 1 && chance_percent(&sw->chance, behaviour->truncate_percent))
        out.len = (size_t)chance_between(&sw->chance, 1, (int64_t)out.len - 1);
    if (chance_percent(&sw->chance, behaviour->garble_percent))
        for (size_t i = 0; i < 1 + out.len / 8; i++)
            out.data[chance_between(&sw->chance, 0, (int64_t)out.len - 1)] =
                (char)chance_between(&sw->chance, '!', '~');
    text_add(&out, "\n");
    if (chance_percent(&sw->chance, behaviour->double_percent)) {
        struct text twice = {0};

        text_add_bytes(&twice, out.data, out.len);
        text_add_bytes(&out, twice.data, twice.len);
        text_deinit(&twice);
    }
    if (chance_percent(&sw->chance, behaviour->reset_percent)) {
        session->peer.answer(session->peer.userdata, out.data, out.len / 2);
        session->broken = true;
        session->peer.reset(session->peer.userdata);
    } else {
        session->peer.answer(session->peer.userdata, out.data, out.len);
    }
    text_deinit(&out);
}

static void keep_answer(struct scpi_session *session, const struct text *answer) {
    if (session->answers.len)
        text_add(&session->answers, ";");
    text_add_bytes(&session->answers, answer->data, answer->len);
    if (session->sw->behaviour.answers == SIM_ANSWERS_LINES) {
        if (session->unsent.len)
            text_add(&session->unsent, "\n");
        text_add_bytes(&session->unsent, answer->data, answer->len);
    }
}

static void fail_unit(struct scpi_session *session, int error, size_t end) {
    scpi_error(session, error);
    session->at = session->sw->behaviour.error_drops_line ? session->line.len : end + 1;
}

/* Step 2: one unit. */
static void execute_unit(struct scpi_session *session, int64_t now_us) {
    size_t end = unit_end(&session->line, session->at), path_len = session->path_len;
    struct unit unit = split_unit(session->line.data + session->at, session->line.data + end);
    const struct scpi_command *command;
    struct text answer = {0};
    struct scpi_call call = {
        .session = session, .at = unit.parameters, .end = unit.end, .now_us = now_us, .answer = &answer};
    int error;

    if (unit.header == unit.header_end) {
        if (unit.is_query || unit.from_root)
            return fail_unit(session, -102, end);
        session->at = end + 1;
        return;
    }
    command = find_command(session, &unit);
    if (!command)
        return fail_unit(session, -113, end);
    if (command->ready_at_us && !session->unit_waited) {
        int64_t ready_us = command->ready_at_us(&call);

        session->unit_waited = true;
        if (ready_us > now_us) {
            session->path_len = path_len;
            session->hold_until_us = ready_us;
            return;
        }
    }
    session->unit_waited = false;
    error = command->execute(&call);
    if (error)
        fail_unit(session, error, end);
    else
        session->at = end + 1;
    if (answer.len)
        keep_answer(session, &answer);
    text_deinit(&answer);
    if (command->is_set) {
        session->sw->set_commands++;
        if (session->sw->plant->watcher.command_done)
            session->sw->plant->watcher.command_done(session->sw->plant->watcher.userdata, session->sw);
    }
}

/* Step 3. */
static void finish_line(struct scpi_session *session, int64_t now_us) {
    bool line_by_line = session->unsent.len > 0;

    if (session->answers.len && session->sw->behaviour.answer_delay_ms && !session->answer_waited) {
        session->answer_waited = true;
        session->hold_until_us = now_us + session->sw->behaviour.answer_delay_ms * 1000;
        return;
    }
    record(session, session->answers.len ? session->answers.data : NULL, false, now_us);
    session->in_line = false;
    if (session->answers.len)
        send_answer(session, line_by_line ? &session->unsent : &session->answers);
}

/* One step of the session; false: nothing to do now. */
static bool step(struct scpi_session *session, int64_t now_us) {
    const struct sim_switch *sw = session->sw;

    if (session->broken || !sim_switch_is_up(sw, now_us) || sw->behaviour.frozen ||
        now_us < session->hold_until_us)
        return false;
    if (!session->in_line && !take_line(session, now_us))
        return false;
    if (!session->delayed) {
        session->delayed = true;
        if (sw->behaviour.execute_delay_ms && has_set_command(session)) {
            session->hold_until_us = now_us + sw->behaviour.execute_delay_ms * 1000;
            return true;
        }
    }
    if (session->at < session->line.len)
        execute_unit(session, now_us);
    else
        finish_line(session, now_us);
    return true;
}

void scpi_run(struct scpi_session *session, int64_t now_us) {
    while (step(session, now_us))
        ;
    /* What has moved goes into the journal at once, however long the answer takes. */
    if (session->in_line && session->sw->n_moves)
        record(session, NULL, true, now_us);
}

void scpi_receive(struct scpi_session *session, const void *bytes, size_t len, int64_t now_us) {
    text_add_bytes(&session->input, bytes, len);
    scpi_run(session, now_us);
}

int64_t scpi_next_wakeup_us(const struct scpi_session *session) {
    bool waits =
        session->in_line || (session->input.len && memchr(session->input.data, '\n', session->input.len));

    return waits && !session->broken && !session->sw->behaviour.frozen ? session->hold_until_us : INT64_MAX;
}

bool scpi_close(struct scpi_session *session) {
    session->closed = true;
    if (session->broken)
        return false;
    if (!session->sw->behaviour.execute_delay_ms)
        session->input.len = 0;
    return !scpi_is_idle(session);
}

bool scpi_is_idle(const struct scpi_session *session) {
    if (session->broken || session->sw->ready_at_us == INT64_MAX)
        return true;
    return !session->in_line &&
           !(session->input.len && memchr(session->input.data, '\n', session->input.len));
}
