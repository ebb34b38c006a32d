/* A session is a chain of single requests, each with a known number of answers and a deadline:
 *
 *   connect -> IDENTIFY -> ERRORS until the queue is empty -> READ -> ready
 *   ready   -> CHANGE lines -> guard -> VERIFY -> ERRORS when there are any -> ready, or READ when asked
 *   another unit than pinned -> IDENTIFY again after a while
 *
 * One request is under way at a time, so an answer cannot be taken for another's. Anything that is not the
 * awaited answer ends the session: a new session and a full read are cheap, a wrong belief about mirrors is
 * not. */
#include "daemon/device/device.h"
#include "daemon/device/scpi_parse.h"
#include "daemon/fault/point.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define RECEIVE_FIRST 1024
#define RECEIVE_MAX 16384 /* the longest answer, a map of 320 pairs, takes 2.6 kB */
#define ANSWERS_MAX 2
#define PAIRS_PER_COMMAND 128
#define CONNECT_TIMEOUT_US 3000000
#define BACKOFF_FIRST_US 100000
#define BACKOFF_MAX_US 10000000
/* Who a switch is that is not the pinned one: soon at first, for its answer may have been a damaged one. */
#define ASK_AGAIN_FIRST_US 1000000
#define ASK_AGAIN_MAX_US 30000000
#define METERS_HANG_MAX 2 /* the first time may have been the switch as a whole */
#define ERRORS_MAX 256    /* entries read before a switch that never runs out is left alone */

enum request {
    REQUEST_NONE,
    REQUEST_IDENTIFY,
    REQUEST_ERRORS,
    REQUEST_READ,
    REQUEST_CHANGE,
    REQUEST_VERIFY,
    REQUEST_PORTS,      /* disable or enable; the answer is of the error queue */
    REQUEST_PORT_STATE, /* and whether it was done */
    REQUEST_POWER,      /* of meters; a switch that has none leaves the first answer out */
};

static const unsigned answers_of[] = {
    [REQUEST_NONE] = 0,  [REQUEST_IDENTIFY] = 2,   [REQUEST_ERRORS] = 1,
    [REQUEST_READ] = 1,  [REQUEST_CHANGE] = 1,     [REQUEST_VERIFY] = 2,
    [REQUEST_PORTS] = 1, [REQUEST_PORT_STATE] = 1, [REQUEST_POWER] = 2,
};

struct device {
    struct device_config config;
    struct device_callbacks callbacks;
    struct device_transport transport;
    enum device_state state;
    char cause[200];
    struct device_identity identity;
    bool connected;

    enum request request;
    int64_t request_deadline_us;
    char *received; /* grows with what came, at most RECEIVE_MAX; NULL between sessions */
    size_t received_len, received_room;
    char *answer[ANSWERS_MAX];
    unsigned n_answers;

    bool connecting;
    bool held;           /* no new session until device_retry_at() */
    int64_t retry_at_us; /* next connection attempt */
    int64_t backoff_us;
    uint64_t random;

    int64_t identify_at_us; /* in MISMATCH: ask again */
    int64_t identify_wait_us;
    bool errors_wanted;
    unsigned n_errors;
    bool read_wanted;
    uint16_t b_of_a[DEVICE_PORTS_MAX + 1];

    /* A session ended with a change unanswered: two reads, late_guard_us apart, must agree before anything is
     * believed. */
    bool late_change_possible;
    bool have_first_read;
    uint16_t first_read[DEVICE_PORTS_MAX + 1];
    int64_t second_read_at_us;

    bool changing;
    struct device_pair remove[DEVICE_PAIRS_MAX], add[DEVICE_PAIRS_MAX];
    size_t n_remove, n_add, removed, added;
    int64_t verify_at_us; /* end of the guard time */
    enum device_result change_result;
    char change_error[DEVICE_WORD_MAX];
    int64_t change_first_us, change_last_us;

    uint16_t ports[DEVICE_PAIRS_MAX]; /* wire numbers */
    size_t n_ports;
    bool ports_enabled, cannot_disable;

    uint16_t metered[DEVICE_METERED_MAX]; /* B ports */
    size_t n_metered;
    bool has_no_meters;   /* in this session */
    unsigned meters_hung; /* sessions in a row that ended for want of an answer of theirs */
};

static int64_t or_default(int64_t value, int64_t fallback) {
    return value > 0 ? value : fallback;
}

/* splitmix64 (Steele, Lea, Flood 2014): neighbouring seeds give unlike numbers. */
static uint64_t spread_seed(uint64_t seed) {
    uint64_t z = seed + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int device_new(const struct device_config *config, const struct device_callbacks *callbacks,
               struct device **ret_device) {
    if (config->ports_a > DEVICE_PORTS_MAX || config->ports_b > DEVICE_PORTS_MAX)
        return -EINVAL;
    struct device *device = calloc(1, sizeof(*device));
    if (!device)
        return -ENOMEM;
    device->config = *config;
    device->config.answer_timeout_us = or_default(config->answer_timeout_us, 5000000);
    device->config.guard_us = or_default(config->guard_us, 30000);
    device->config.late_guard_us = or_default(config->late_guard_us, 500000);
    device->callbacks = *callbacks;
    device->random = spread_seed(config->seed) | 1;
    device->late_change_possible = config->late_change_possible;
    device->backoff_us = BACKOFF_FIRST_US;
    device->verify_at_us = device->second_read_at_us = device->identify_at_us = INT64_MAX;
    snprintf(device->cause, sizeof(device->cause), "%s",
             config->address[0] ? "not connected yet" : "no address");
    *ret_device = device;
    return 0;
}

void device_set_transport(struct device *device, const struct device_transport *transport) {
    device->transport = *transport;
}

void device_set_userdata(struct device *device, void *userdata) {
    device->callbacks.userdata = userdata;
}

static void forget_answers(struct device *device) {
    for (unsigned i = 0; i < device->n_answers; i++)
        free(device->answer[i]);
    device->n_answers = 0;
}

void device_free(struct device *device) {
    if (!device)
        return;
    forget_answers(device);
    free(device->received);
    free(device);
}

const char *device_name(const struct device *device) {
    return device->config.name;
}
enum device_state device_state(const struct device *device) {
    return device->state;
}
const char *device_cause(const struct device *device) {
    return device->cause;
}
const struct device_identity *device_identity(const struct device *device) {
    return &device->identity;
}
bool device_is_changing(const struct device *device) {
    return device->changing;
}
const char *device_change_error(const struct device *device) {
    return device->change_error;
}
void device_last_change_us(const struct device *device, int64_t *ret_first_us, int64_t *ret_last_us) {
    *ret_first_us = device->change_first_us;
    *ret_last_us = device->change_last_us;
}

static void set_state(struct device *device, enum device_state state, int64_t now_us, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void set_state(struct device *device, enum device_state state, int64_t now_us, const char *format,
                      ...) {
    char cause[sizeof(device->cause)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause, sizeof(cause), format, arguments);
    va_end(arguments);
    if (device->state == state && strcmp(device->cause, cause) == 0)
        return;
    device->state = state;
    memcpy(device->cause, cause, sizeof(cause));
    device->callbacks.on_state(device, now_us, device->callbacks.userdata);
}

/* xorshift64 (Marsaglia 2003): jitter needs no more. */
static uint64_t next_random(struct device *device) {
    uint64_t x = device->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return device->random = x;
}

static void end_session(struct device *device, const char *cause, int64_t now_us) {
    bool was_changing = device->changing;
    /* Also after an answered line: a doubled answer may have been taken for the next line's. */
    if (was_changing || device->request == REQUEST_PORTS)
        device->late_change_possible = true;
    device->transport.close(device->transport.userdata);
    device->connected = device->connecting = false;
    device->request = REQUEST_NONE;
    forget_answers(device);
    free(device->received);
    device->received = NULL;
    device->received_len = device->received_room = 0;
    device->changing = false;
    device->have_first_read = false;
    device->read_wanted = device->errors_wanted = device->cannot_disable = device->has_no_meters = false;
    device->verify_at_us = device->second_read_at_us = device->identify_at_us = INT64_MAX;
    /* A quarter of jitter on either side, so that 48 switches do not come back in step. */
    int64_t spread = device->backoff_us / 2;
    device->retry_at_us =
        now_us + device->backoff_us - spread / 2 + (int64_t)(next_random(device) % (uint64_t)(spread + 1));
    device->backoff_us = device->backoff_us * 2 > BACKOFF_MAX_US ? BACKOFF_MAX_US : device->backoff_us * 2;
    set_state(device, DEVICE_DISCONNECTED, now_us, "%s", cause);
    if (was_changing)
        device->callbacks.on_change_done(device, DEVICE_LOST, now_us, device->callbacks.userdata);
}

static void send_request(struct device *device, enum request request, const char *line, size_t len,
                         int64_t now_us) {
    forget_answers(device);
    device->request = request;
    device->request_deadline_us = now_us + device->config.answer_timeout_us;
    device->transport.send(device->transport.userdata, line, len);
}

static void send_text(struct device *device, enum request request, const char *line, int64_t now_us) {
    send_request(device, request, line, strlen(line), now_us);
}

static void send_identify(struct device *device, int64_t now_us) {
    device->identify_at_us = INT64_MAX;
    send_text(device, REQUEST_IDENTIFY, "*idn?;:oxc:swit:size?\n", now_us);
}

struct line {
    char text[8192];
    size_t len;
};

static void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line_add(struct line *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line->text + line->len, sizeof(line->text) - line->len, format, arguments);
    va_end(arguments);
    line->len += (size_t)n;
}

static void line_add_pairs(struct line *line, const char *command, const struct device_pair *pairs,
                           size_t count, unsigned ports_a) {
    line_add(line, ":oxc:swit:conn:%s (@", command);
    for (size_t i = 0; i < count; i++)
        line_add(line, i ? ",%u" : "%u", pairs[i].a);
    line_add(line, "),(@");
    for (size_t i = 0; i < count; i++)
        line_add(line, i ? ",%u" : "%u", ports_a + pairs[i].b);
    line_add(line, ");");
}

/* All removals go before the first addition, as few lines as the length of a line allows. */
static void send_change_line(struct device *device, int64_t now_us) {
    struct line line = {.len = 0};
    size_t budget = PAIRS_PER_COMMAND;
    size_t n = device->n_remove - device->removed;
    if (n > budget)
        n = budget;
    if (n)
        line_add_pairs(&line, "sub", device->remove + device->removed, n, device->config.ports_a);
    device->removed += n;
    budget -= n;
    size_t m = device->n_add - device->added; /* budget is 0 while removals are left */
    if (m > budget)
        m = budget;
    if (m)
        line_add_pairs(&line, "add", device->add + device->added, m, device->config.ports_a);
    device->added += m;
    line_add(&line, "*opc?\n");
    fault_point("device.send");
    send_request(device, REQUEST_CHANGE, line.text, line.len, now_us);
    fault_point("device.sent");
}

static void send_next(struct device *device, int64_t now_us) {
    if (device->request != REQUEST_NONE || !device->connected)
        return;
    if (device->errors_wanted) {
        device->errors_wanted = false;
        send_text(device, REQUEST_ERRORS, ":syst:err?\n", now_us);
        return;
    }
    if (device->changing) {
        if (device->removed < device->n_remove || device->added < device->n_add)
            send_change_line(device, now_us);
        else if (now_us >= device->verify_at_us)
            send_text(device, REQUEST_VERIFY, ":oxc:swit:conn:stat?;:syst:err?\n", now_us);
        return;
    }
    if (device->state == DEVICE_MISMATCH) {
        if (now_us >= device->identify_at_us)
            send_identify(device, now_us);
        return;
    }
    if (device->read_wanted &&
        (device->second_read_at_us == INT64_MAX || now_us >= device->second_read_at_us)) {
        device->read_wanted = false;
        device->second_read_at_us = INT64_MAX;
        send_text(device, REQUEST_READ, ":oxc:swit:conn:stat?\n", now_us);
    }
}

static void judge_identity(struct device *device, int64_t now_us) {
    const struct device_config *config = &device->config;
    const struct device_identity *identity = &device->identity;
    device->read_wanted = device->errors_wanted = false;
    device->identify_at_us = now_us + device->identify_wait_us;
    device->identify_wait_us *= 2;
    if (device->identify_wait_us > ASK_AGAIN_MAX_US)
        device->identify_wait_us = ASK_AGAIN_MAX_US;
    if (!config->product[0] || !config->serial[0]) {
        set_state(device, DEVICE_MISMATCH, now_us, "not confirmed: the switch says it is %s, serial %s",
                  identity->product, identity->serial);
        return;
    }
    if (strcmp(config->serial, identity->serial)) {
        set_state(device, DEVICE_MISMATCH, now_us, "pinned is serial %s, the switch says serial %s",
                  config->serial, identity->serial);
        return;
    }
    if (strcmp(config->product, identity->product)) {
        set_state(device, DEVICE_MISMATCH, now_us, "pinned is product %s, the switch says product %s",
                  config->product, identity->product);
        return;
    }
    if (config->ports_a != identity->ports_a || config->ports_b != identity->ports_b) {
        set_state(device, DEVICE_MISMATCH, now_us, "the inventory says %u,%u ports, the switch says %u,%u",
                  config->ports_a, config->ports_b, identity->ports_a, identity->ports_b);
        return;
    }
    device->identify_at_us = INT64_MAX;
    device->errors_wanted = device->read_wanted = true;
    device->n_errors = 0;
    set_state(device, DEVICE_SYNCING, now_us,
              device->late_change_possible ? "reading the map twice: a change was left unanswered"
                                           : "reading the map");
}

static int take_identity(struct device *device, int64_t now_us) {
    struct scpi_identity said;
    unsigned a, b;
    if (scpi_parse_identity(device->answer[0], &said) < 0 || scpi_parse_size(device->answer[1], &a, &b) < 0 ||
        a > UINT16_MAX || b > UINT16_MAX)
        return -EBADMSG;
    snprintf(device->identity.product, sizeof(device->identity.product), "%s", said.product);
    snprintf(device->identity.serial, sizeof(device->identity.serial), "%s", said.serial);
    device->identity.ports_a = (uint16_t)a;
    device->identity.ports_b = (uint16_t)b;
    judge_identity(device, now_us);
    return 0;
}

static int take_map(struct device *device, const char *text, int64_t now_us) {
    uint16_t map[DEVICE_PORTS_MAX + 1];
    if (scpi_parse_map(text, device->config.ports_a, device->config.ports_b, map) < 0)
        return -EBADMSG;
    if (device->state == DEVICE_MISMATCH)
        return 0; /* the pin was changed while the read was under way */
    size_t size = sizeof(*map) * (device->config.ports_a + 1u);
    if (device->late_change_possible) {
        if (!device->have_first_read || memcmp(device->first_read, map, size) != 0) {
            memcpy(device->first_read, map, size);
            device->have_first_read = true;
            device->read_wanted = true;
            device->second_read_at_us = now_us + device->config.late_guard_us;
            return 0;
        }
        device->late_change_possible = device->have_first_read = false;
    }
    memcpy(device->b_of_a, map, size);
    device->backoff_us = BACKOFF_FIRST_US;
    set_state(device, DEVICE_READY, now_us, "map read");
    device->callbacks.on_map(device, device->b_of_a, now_us, device->callbacks.userdata);
    return 0;
}

static bool change_holds(const struct device *device) {
    for (size_t i = 0; i < device->n_add; i++)
        if (device->b_of_a[device->add[i].a] != device->add[i].b)
            return false;
    for (size_t i = 0; i < device->n_remove; i++) {
        const struct device_pair *pair = &device->remove[i];
        bool added_again = false;
        for (size_t k = 0; k < device->n_add && !added_again; k++)
            added_again = device->add[k].a == pair->a && device->add[k].b == pair->b;
        if (!added_again && device->b_of_a[pair->a] == pair->b)
            return false;
    }
    return true;
}

/* `changing` stays set until here, so that on_map cannot begin a change inside this one. */
static void finish_change(struct device *device, int64_t now_us) {
    if (!device->connected)
        return; /* on_map ended the session, and with it the change */
    device->changing = false;
    device->callbacks.on_change_done(device, device->change_result, now_us, device->callbacks.userdata);
    fault_point("device.done");
}

/* One entry of the error queue; asks on until it is empty. Entries from before this session, or read outside
 * of a change, are of no interest. */
static int take_error(struct device *device, const char *text, int64_t now_us) {
    int code;
    if (scpi_parse_error(text, &code) < 0)
        return -EBADMSG;
    if (code != 0 && device->changing) {
        device->change_result = DEVICE_PARTIAL;
        if (!device->change_error[0])
            snprintf(device->change_error, sizeof(device->change_error), "%s", text);
    }
    if (code != 0 && ++device->n_errors < ERRORS_MAX)
        device->errors_wanted = true;
    else if (device->changing)
        finish_change(device, now_us);
    return 0;
}

static int take_verify(struct device *device, int64_t now_us) {
    int code;
    if (scpi_parse_error(device->answer[1], &code) < 0)
        return -EBADMSG;
    device->change_last_us = now_us;
    fault_point("device.verify");
    if (take_map(device, device->answer[0], now_us) < 0)
        return -EBADMSG;
    if (!device->connected)
        return 0;
    device->verify_at_us = INT64_MAX;
    device->n_errors = 0;
    device->change_result = change_holds(device) ? DEVICE_DONE : DEVICE_PARTIAL;
    return take_error(device, device->answer[1], now_us);
}

static void line_add_ports(struct line *line, const struct device *device, const char *command) {
    line_add(line, ":oxc:swit:port:%s (@", command);
    for (size_t i = 0; i < device->n_ports; i++)
        line_add(line, i ? ",%u" : "%u", device->ports[i]);
    line_add(line, ")\n");
}

#define SCPI_UNDEFINED_HEADER (-113)

/* A switch without this command answers nothing to the query of states, so that is asked only after the error
 * queue said that it knows the command. */
static int take_ports(struct device *device, int64_t now_us) {
    int code;
    if (scpi_parse_error(device->answer[0], &code) < 0)
        return -EBADMSG;
    if (code == 0) {
        struct line line = {.len = 0};
        line_add_ports(&line, device, "stat?");
        send_request(device, REQUEST_PORT_STATE, line.text, line.len, now_us);
        return 0;
    }
    device->cannot_disable = code == SCPI_UNDEFINED_HEADER;
    device->errors_wanted = true;
    device->n_errors = 0;
    if (device->callbacks.on_ports)
        device->callbacks.on_ports(device, DEVICE_PARTIAL, now_us, device->callbacks.userdata);
    return 0;
}

/* "(D,E,F)": a failed port is neither enabled nor disabled, and counts as either. */
static int take_port_state(struct device *device, int64_t now_us) {
    const char *text = device->answer[0];
    bool as_asked = true;
    size_t count = 0;
    if (*text++ != '(')
        return -EBADMSG;
    for (; *text && *text != ')'; text++) {
        if (*text == ',' || *text == ' ')
            continue;
        if (!strchr("DEF", *text))
            return -EBADMSG;
        as_asked = as_asked && *text != (device->ports_enabled ? 'D' : 'E');
        count++;
    }
    if (count != device->n_ports)
        return -EBADMSG;
    if (device->callbacks.on_ports)
        device->callbacks.on_ports(device, as_asked ? DEVICE_DONE : DEVICE_PARTIAL, now_us,
                                   device->callbacks.userdata);
    return 0;
}

/* The power, if there is an answer to that, and what the error queue says. */
static int take_power(struct device *device, int64_t now_us) {
    int32_t power_mdbm[DEVICE_METERED_MAX];
    bool is_answered = device->n_answers == 2;
    int code;
    if (scpi_parse_error(device->answer[device->n_answers - 1], &code) < 0 ||
        (is_answered && scpi_parse_power(device->answer[0], device->n_metered, power_mdbm) < 0))
        return -EBADMSG;
    device->has_no_meters = !is_answered;
    device->meters_hung = 0;
    device->errors_wanted = code != 0;
    device->n_errors = 0;
    if (device->callbacks.on_power)
        device->callbacks.on_power(device, device->metered, power_mdbm, is_answered ? device->n_metered : 0,
                                   now_us, device->callbacks.userdata);
    return 0;
}

static int take_answers(struct device *device, int64_t now_us) {
    enum request request = device->request;
    device->request = REQUEST_NONE;
    switch (request) {
    case REQUEST_IDENTIFY:
        return take_identity(device, now_us);
    case REQUEST_ERRORS:
        return take_error(device, device->answer[0], now_us);
    case REQUEST_READ:
        return take_map(device, device->answer[0], now_us);
    case REQUEST_CHANGE:
        if (strcmp(device->answer[0], "1") != 0)
            return -EBADMSG;
        fault_point("device.answered");
        device->verify_at_us = now_us + device->config.guard_us;
        return 0;
    case REQUEST_VERIFY:
        return take_verify(device, now_us);
    case REQUEST_PORTS:
        return take_ports(device, now_us);
    case REQUEST_PORT_STATE:
        return take_port_state(device, now_us);
    case REQUEST_POWER:
        return take_power(device, now_us);
    case REQUEST_NONE:
        break;
    }
    return -EBADMSG;
}

static void take_connected(struct device *device, int64_t now_us) {
    device->connected = true;
    device->connecting = false;
    device->identify_wait_us = ASK_AGAIN_FIRST_US;
    device->received_len = 0;
    set_state(device, DEVICE_SYNCING, now_us, "asking who it is");
    send_identify(device, now_us);
}

static void take_closed(struct device *device, const char *cause, int64_t now_us) {
    end_session(device, cause, now_us);
}

/* Takes one answer of text[0..len), end mark at text[len]. NULL, or why the session must end. */
static const char *take_answer(struct device *device, const char *text, size_t len, bool more_follows,
                               int64_t now_us) {
    if (device->request == REQUEST_NONE)
        return "an answer that nobody asked for";
    bool line_ends = text[len] == '\n';
    if (line_ends && len && text[len - 1] == '\r')
        len--;
    if (len == 0 || memchr(text, '\0', len))
        return "an answer that makes no sense";
    char *answer = strndup(text, len);
    if (!answer)
        return "no memory for an answer";
    device->answer[device->n_answers++] = answer;
    bool is_left_out = device->request == REQUEST_POWER && device->n_answers == 1 && answer[0] != '(';
    if (device->n_answers < answers_of[device->request] && !is_left_out)
        return NULL;
    /* Nothing else is under way, so whatever follows the last answer is a doubled one, or of another request.
     */
    if (!line_ends || more_follows)
        return "more answers than were asked for";
    int r = take_answers(device, now_us);
    forget_answers(device);
    return r < 0 ? "an answer that makes no sense" : NULL;
}

static bool make_room(struct device *device) {
    if (device->received_len < device->received_room)
        return true;
    size_t room = device->received_room ? 2 * device->received_room : RECEIVE_FIRST;
    char *grown = realloc(device->received, room);
    if (!grown)
        return false;
    device->received = grown;
    device->received_room = room;
    return true;
}

static void take_bytes(struct device *device, const char *bytes, size_t len, int64_t now_us) {
    while (len > 0 && device->connected) {
        if (!make_room(device)) {
            end_session(device, "no memory for an answer", now_us);
            return;
        }
        size_t room = device->received_room - device->received_len;
        size_t n = len < room ? len : room;
        memcpy(device->received + device->received_len, bytes, n);
        device->received_len += n;
        bytes += n;
        len -= n;
        size_t at = 0;
        ssize_t answer_len;
        while ((answer_len = scpi_answer_length(device->received + at, device->received_len - at)) >= 0) {
            const char *text = device->received + at;
            at += (size_t)answer_len + 1;
            bool more_follows = at < device->received_len || len > 0;
            const char *cause = take_answer(device, text, (size_t)answer_len, more_follows, now_us);
            if (!device->connected)
                return;
            if (cause) {
                end_session(device, cause, now_us);
                return;
            }
        }
        memmove(device->received, device->received + at, device->received_len - at);
        device->received_len -= at;
        if (device->received_len == RECEIVE_MAX) {
            end_session(device, "an answer without end", now_us);
            return;
        }
    }
    send_next(device, now_us);
}

static void tell_fed(struct device *device) {
    if (device->callbacks.on_fed)
        device->callbacks.on_fed(device, device->callbacks.userdata);
}

void device_on_connected(struct device *device, int64_t now_us) {
    take_connected(device, now_us);
    tell_fed(device);
}

void device_on_closed(struct device *device, const char *cause, int64_t now_us) {
    take_closed(device, cause, now_us);
    tell_fed(device);
}

void device_on_bytes(struct device *device, const char *bytes, size_t len, int64_t now_us) {
    take_bytes(device, bytes, len, now_us);
    tell_fed(device);
}

int64_t device_next_wakeup_us(const struct device *device) {
    if (device->connected || device->connecting) {
        int64_t at =
            device->request != REQUEST_NONE || device->connecting ? device->request_deadline_us : INT64_MAX;
        if (device->request == REQUEST_NONE) {
            if (device->changing && device->verify_at_us < at)
                at = device->verify_at_us;
            if (device->identify_at_us < at)
                at = device->identify_at_us;
            if (device->read_wanted && device->second_read_at_us < at)
                at = device->second_read_at_us;
        }
        return at;
    }
    return device->config.address[0] && !device->held ? device->retry_at_us : INT64_MAX;
}

void device_advance(struct device *device, int64_t now_us) {
    if (!device->connected && !device->connecting) {
        if (!device->config.address[0] || device->held || now_us < device->retry_at_us)
            return;
        device->connecting = true;
        device->request_deadline_us = now_us + CONNECT_TIMEOUT_US;
        device->transport.connect(device->transport.userdata, device->config.address);
        return;
    }
    if ((device->connecting || device->request != REQUEST_NONE) && now_us >= device->request_deadline_us) {
        device->meters_hung += device->request == REQUEST_POWER;
        end_session(device, device->connecting ? "no connection within 3 s" : "no answer in time", now_us);
        return;
    }
    send_next(device, now_us);
}

void device_retry_at(struct device *device, int64_t at_us) {
    device->held = false;
    device->backoff_us = BACKOFF_FIRST_US;
    if (!device->connected && !device->connecting)
        device->retry_at_us = at_us;
}

void device_hold(struct device *device, const char *cause, int64_t now_us) {
    device->held = true;
    end_session(device, cause, now_us);
}

void device_set_address(struct device *device, const char *address, int64_t now_us) {
    snprintf(device->config.address, sizeof(device->config.address), "%s", address);
    memset(&device->identity, 0, sizeof(device->identity));
    device->meters_hung = 0;
    end_session(device, address[0] ? "the address was changed" : "no address", now_us);
    device->backoff_us = BACKOFF_FIRST_US;
    device->retry_at_us = now_us;
}

void device_set_pin(struct device *device, const char *product, const char *serial, int64_t now_us) {
    bool same = !strcmp(device->config.product, product) && !strcmp(device->config.serial, serial);
    snprintf(device->config.product, sizeof(device->config.product), "%s", product);
    snprintf(device->config.serial, sizeof(device->config.serial), "%s", serial);
    device->meters_hung = same ? device->meters_hung : 0;
    if (same || !device->connected || !device->identity.serial[0])
        return;
    if (device->changing) {
        end_session(device, "the pin was changed", now_us);
        return;
    }
    if (device->request == REQUEST_IDENTIFY)
        return; /* judged when the answer is here */
    judge_identity(device, now_us);
    send_next(device, now_us);
}

void device_read_map(struct device *device, int64_t now_us) {
    if (device->state != DEVICE_READY)
        return;
    device->read_wanted = true;
    send_next(device, now_us);
}

static enum device_apply_outcome check_pairs(const struct device *device, const struct device_pair *pairs,
                                             size_t count) {
    bool a_used[DEVICE_PORTS_MAX + 1] = {false}, b_used[DEVICE_PORTS_MAX + 1] = {false};
    if (count > DEVICE_PAIRS_MAX)
        return DEVICE_APPLY_DUPLICATE;
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].a < 1 || pairs[i].a > device->config.ports_a || pairs[i].b < 1 ||
            pairs[i].b > device->config.ports_b)
            return DEVICE_APPLY_BAD_PORT;
        if (a_used[pairs[i].a] || b_used[pairs[i].b])
            return DEVICE_APPLY_DUPLICATE;
        a_used[pairs[i].a] = b_used[pairs[i].b] = true;
    }
    return DEVICE_APPLY_STARTED;
}

enum device_apply_outcome device_apply(struct device *device, const struct device_pair *remove,
                                       size_t n_remove, const struct device_pair *add, size_t n_add,
                                       int64_t now_us) {
    if (device->state != DEVICE_READY)
        return DEVICE_APPLY_NOT_READY;
    if (device->changing || device->request != REQUEST_NONE)
        return DEVICE_APPLY_BUSY;
    if (n_remove + n_add == 0)
        return DEVICE_APPLY_EMPTY;
    enum device_apply_outcome outcome = check_pairs(device, remove, n_remove);
    if (outcome == DEVICE_APPLY_STARTED)
        outcome = check_pairs(device, add, n_add);
    if (outcome != DEVICE_APPLY_STARTED)
        return outcome;
    /* Either list may be NULL when it is empty. */
    if (n_remove)
        memcpy(device->remove, remove, sizeof(*remove) * n_remove);
    if (n_add)
        memcpy(device->add, add, sizeof(*add) * n_add);
    device->n_remove = n_remove;
    device->n_add = n_add;
    device->removed = device->added = 0;
    device->changing = true;
    device->change_error[0] = '\0';
    device->verify_at_us = INT64_MAX;
    device->change_first_us = now_us;
    send_next(device, now_us);
    return DEVICE_APPLY_STARTED;
}

enum device_apply_outcome device_set_ports(struct device *device, bool is_side_b, const uint16_t *ports,
                                           size_t n_ports, bool enabled, int64_t now_us) {
    if (device->state != DEVICE_READY || device->cannot_disable)
        return DEVICE_APPLY_NOT_READY;
    if (device->changing || device->request != REQUEST_NONE)
        return DEVICE_APPLY_BUSY;
    if (n_ports == 0)
        return DEVICE_APPLY_EMPTY;
    if (n_ports > DEVICE_PAIRS_MAX)
        return DEVICE_APPLY_BAD_PORT;
    unsigned most = is_side_b ? device->config.ports_b : device->config.ports_a;
    for (size_t i = 0; i < n_ports; i++)
        if (ports[i] < 1 || ports[i] > most)
            return DEVICE_APPLY_BAD_PORT;
    for (size_t i = 0; i < n_ports; i++)
        device->ports[i] = (uint16_t)(ports[i] + (is_side_b ? device->config.ports_a : 0));
    device->n_ports = n_ports;
    device->ports_enabled = enabled;
    struct line line = {.len = 0};
    line_add_ports(&line, device, enabled ? "enab" : "dis");
    line_add(&line, ":syst:err?\n");
    send_request(device, REQUEST_PORTS, line.text, line.len, now_us);
    return DEVICE_APPLY_STARTED;
}

bool device_can_disable_ports(const struct device *device) {
    return !device->cannot_disable;
}

enum device_apply_outcome device_read_power(struct device *device, const uint16_t *b_ports, size_t n_ports,
                                            int64_t now_us) {
    if (device->state != DEVICE_READY || !device_has_meters(device))
        return DEVICE_APPLY_NOT_READY;
    if (device->changing || device->request != REQUEST_NONE)
        return DEVICE_APPLY_BUSY;
    if (n_ports == 0)
        return DEVICE_APPLY_EMPTY;
    if (n_ports > DEVICE_METERED_MAX)
        return DEVICE_APPLY_BAD_PORT;
    for (size_t i = 0; i < n_ports; i++)
        if (b_ports[i] < 1 || b_ports[i] > device->config.ports_b)
            return DEVICE_APPLY_BAD_PORT;
    memcpy(device->metered, b_ports, sizeof(*b_ports) * n_ports);
    device->n_metered = n_ports;
    struct line line = {.len = 0};
    line_add(&line, ":pmon:pow? (@");
    for (size_t i = 0; i < n_ports; i++)
        line_add(&line, i ? ",%u" : "%u", device->config.ports_a + b_ports[i]);
    /* A line of its own: an error may drop the rest of the line that it is in. */
    line_add(&line, ")\n:syst:err?\n");
    send_request(device, REQUEST_POWER, line.text, line.len, now_us);
    return DEVICE_APPLY_STARTED;
}

bool device_has_meters(const struct device *device) {
    return !device->has_no_meters && device->meters_hung < METERS_HANG_MAX;
}
