#include "sim/plant/plant.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct sim_behaviour, name)
#define NUMBER(key, name, low, high, help)                                                                   \
    { key, SETTING_NUMBER, FIELD(name), low, high, {NULL}, help }
#define CHOICE(key, name, help, ...)                                                                         \
    { key, SETTING_CHOICE, FIELD(name), 0, 0, {__VA_ARGS__, NULL}, help }
#define TEXT(key, name, help)                                                                                \
    { key, SETTING_TEXT, FIELD(name), 0, sizeof(((struct sim_behaviour *)NULL)->name), {NULL}, help }
#define MAX_MS 600000

const struct setting sim_switch_settings[] = {
    TEXT("vendor", vendor, "first part of the answer to *idn?"),
    TEXT("product", product, "second part of the answer to *idn?"),
    TEXT("serial", serial, "third part of the answer to *idn?"),
    TEXT("version", version, "fourth part of the answer to *idn?"),
    NUMBER("settle-min-us", settle_min_us, 1, 60000000, "shortest settle time of a move"),
    NUMBER("settle-max-us", settle_max_us, 1, 60000000, "longest settle time of a move"),
    CHOICE("add-on-used", add_on_used, "what add does to a port in use", "takes-over", "refuses"),
    CHOICE("bad-pair", bad_pair, "a list with one bad pair", "refuses-list", "applies-rest"),
    CHOICE("sub-unmatched", sub_unmatched, "sub of a pair that is not connected as named", "error", "ignore",
           "disconnect"),
    CHOICE("failed-port", failed_port, "add on a failed or disabled port", "refuses", "accepts"),
    CHOICE("restart", restart, "what becomes of the circuits without power", "volatile", "preserved"),
    NUMBER("boot-ms", boot_ms, 0, MAX_MS, "from power on to the first accepted connection"),
    CHOICE("stat", stat, "what conn:stat? shows", "commanded", "settled"),
    NUMBER("stat-lag-ms", stat_lag_ms, 0, MAX_MS, "conn:stat? shows ports as they were that long ago"),
    CHOICE("answers", answers, "answers to one line of requests", "joined", "lines"),
    CHOICE("port-ranges", port_ranges, "are ranges such as (@1:8) understood", "no", "yes"),
    CHOICE("error-drops-line", error_drops_line, "does an error drop the rest of its line", "no", "yes"),
    CHOICE("error-queue", error_queue, "whose the error queue is", "session", "shared"),
    NUMBER("error-queue-depth", error_queue_depth, 1, SIM_MAX_ERRORS, "entries before -350"),
    CHOICE("meters", meters, "which ports have power meters; silent: no answer and no error", "egress",
           "none", "both", "silent"),
    NUMBER("drift-mdb-per-hour", drift_mdb_per_hour, -100000, 100000,
           "insertion loss that comes on top with time"),
    NUMBER("session-limit", session_limit, 0, SIM_MAX_SESSIONS, "connections beyond it are closed at once"),
    CHOICE("refuse", refuse, "refuse new connections", "no", "yes"),
    CHOICE("frozen", frozen, "accept connections, read and answer nothing", "no", "yes"),
    NUMBER("answer-delay-ms", answer_delay_ms, 0, MAX_MS, "every answer leaves that much later"),
    NUMBER("bulk-read-ms", bulk_read_ms, 0, MAX_MS,
           "conn:stat? and queries of more than 16 ports take that long"),
    NUMBER("execute-delay-ms", execute_delay_ms, 0, MAX_MS,
           "a line with a set command executes that much after it came, even if its connection is closed by "
           "then"),
    CHOICE("reads-wait", reads_wait, "do queries wait until all mirrors rest", "no", "yes"),
    NUMBER("truncate-percent", truncate_percent, 0, 100, "answers that lose their end"),
    NUMBER("garble-percent", garble_percent, 0, 100, "answers with changed bytes"),
    NUMBER("double-percent", double_percent, 0, 100, "answers that leave twice"),
    NUMBER("reset-percent", reset_percent, 0, 100, "answers that break off with a reset of the connection"),
    NUMBER("settle-fail-percent", settle_fail_percent, 0, 100, "moves whose mirrors never settle"),
    NUMBER("wrong-loss-percent", wrong_loss_percent, 0, 100, "moves that settle on wrong-loss-mdb too much"),
    NUMBER("wrong-loss-mdb", wrong_loss_mdb, 0, 60000, "what a badly settled circuit loses on top"),
    NUMBER("batch-share-percent", batch_share_percent, 0, 100,
           "share of a list's pairs that is carried out at all"),
};
const size_t sim_switch_settings_count = sizeof(sim_switch_settings) / sizeof(sim_switch_settings[0]);

void sim_switch_init(struct sim_switch *sw, struct sim_plant *plant, int32_t index, int32_t pod,
                     const char *name, uint32_t ports_a, uint32_t ports_b, const char *product,
                     const char *serial) {
    const char *slash = strrchr(name, '/');

    *sw = (struct sim_switch){
        .plant = plant, .index = index, .pod = pod, .ports_a = ports_a, .ports_b = ports_b};
    sw->name = sim_strdup(name);
    sw->short_name = sim_strdup(slash ? slash + 1 : name);
    sw->port_a = sim_calloc(ports_a + 1, sizeof(*sw->port_a));
    sw->port_b = sim_calloc(ports_b + 1, sizeof(*sw->port_b));
    sw->circuits = sim_calloc(ports_a + 1, sizeof(*sw->circuits));
    sw->ingress_of = sim_calloc(ports_b + 1, sizeof(*sw->ingress_of));
    for (uint32_t p = 0; p <= ports_a; p++)
        sw->port_a[p].end = SIM_NO_END;
    for (uint32_t p = 0; p <= ports_b; p++)
        sw->port_b[p].end = SIM_NO_END;
    sw->chance.state = chance_mix(plant->seed + 0x9e37u * (uint64_t)(index + 1));
    sw->boot_announced = true;
    sw->behaviour = (struct sim_behaviour){.vendor = "Polatis",
                                           .version = "6.5.1.7",
                                           .settle_min_us = 10000,
                                           .settle_max_us = 20000,
                                           .boot_ms = 1000,
                                           .port_ranges = 1,
                                           .error_queue_depth = 16,
                                           .session_limit = 16,
                                           .wrong_loss_mdb = 5000,
                                           .batch_share_percent = 100};
    if (*product)
        snprintf(sw->behaviour.product, sizeof(sw->behaviour.product), "%s", product);
    else
        snprintf(sw->behaviour.product, sizeof(sw->behaviour.product), "N-VST-%ux%u-LA1-DMHNV-701", ports_a,
                 ports_b);
    if (*serial)
        snprintf(sw->behaviour.serial, sizeof(sw->behaviour.serial), "%s", serial);
    else
        snprintf(sw->behaviour.serial, sizeof(sw->behaviour.serial), "SIM-%.20s-%.36s",
                 plant->pods ? plant->pods[pod].name : "pod", sw->short_name);
}

void sim_switch_deinit(struct sim_switch *sw) {
    free(sw->name);
    free(sw->short_name);
    free(sw->address);
    free(sw->port_a);
    free(sw->port_b);
    free(sw->circuits);
    free(sw->ingress_of);
    free(sw->moves);
}

bool sim_switch_is_up(const struct sim_switch *sw, int64_t now_us) {
    return now_us >= sw->ready_at_us;
}

static int64_t draw_settle_us(struct sim_switch *sw) {
    return chance_between(&sw->chance, sw->behaviour.settle_min_us, sw->behaviour.settle_max_us);
}

static void log_move(struct sim_switch *sw, uint32_t a, uint32_t from, uint32_t to, int64_t settle_us) {
    if (sw->n_moves == sw->moves_capacity) {
        sw->moves_capacity = sw->moves_capacity ? 2 * sw->moves_capacity : 64;
        sw->moves = realloc(sw->moves, sw->moves_capacity * sizeof(*sw->moves));
        if (!sw->moves)
            abort();
    }
    sw->moves[sw->n_moves++] = (struct sim_move){.a = a, .from = from, .to = to, .settle_us = settle_us};
}

void sim_switch_clear_moves(struct sim_switch *sw) {
    sw->n_moves = 0;
}

static void touch_circuit(struct sim_switch *sw, uint32_t a, uint32_t b) {
    sim_plant_touch(sw->plant, sw->port_a[a].end);
    sim_plant_touch(sw->plant, sw->port_b[b].end);
}

static void changed(struct sim_switch *sw) {
    if (sw->plant->watcher.switch_changed)
        sw->plant->watcher.switch_changed(sw->plant->watcher.userdata, sw);
}

void sim_switch_touch(struct sim_switch *sw) {
    for (uint32_t a = 1; a <= sw->ports_a; a++)
        sim_plant_touch(sw->plant, sw->port_a[a].end);
    for (uint32_t b = 1; b <= sw->ports_b; b++)
        sim_plant_touch(sw->plant, sw->port_b[b].end);
}

/* Takes a circuit down without a log entry; the light goes at once. Returns what it was connected to. */
static uint32_t take_down(struct sim_switch *sw, uint32_t a) {
    uint32_t b = sw->circuits[a].b;

    if (!b)
        return 0;
    touch_circuit(sw, a, b);
    sw->circuits[a] = (struct sim_circuit){0};
    sw->ingress_of[b] = 0;
    return b;
}

static void rest_at(struct sim_switch *sw, int64_t at_us) {
    if (at_us > sw->settled_at_us)
        sw->settled_at_us = at_us;
}

static void remember(struct sim_switch *sw, uint32_t a, uint32_t was_b, int64_t now_us) {
    sw->port_a[a].was_b = was_b;
    sw->port_a[a].moved_at_us = now_us;
}

static void disconnect(struct sim_switch *sw, uint32_t a, int64_t now_us) {
    uint32_t from = take_down(sw, a);
    int64_t settle_us;

    if (!from)
        return;
    remember(sw, a, from, now_us);
    settle_us = draw_settle_us(sw);
    rest_at(sw, now_us + settle_us);
    log_move(sw, a, from, 0, settle_us);
}

/* When the mirrors of a new or returning circuit rest, and how well. */
static void aim(struct sim_switch *sw, uint32_t a, int64_t from_us, int64_t settle_us) {
    struct sim_circuit *circuit = &sw->circuits[a];

    circuit->settled_at_us = from_us + settle_us;
    circuit->stuck = sw->port_a[a].settle_fail || sw->port_b[circuit->b].settle_fail ||
                     chance_percent(&sw->chance, sw->behaviour.settle_fail_percent);
    circuit->wrong_loss_mdb =
        chance_percent(&sw->chance, sw->behaviour.wrong_loss_percent) ? sw->behaviour.wrong_loss_mdb : 0;
    circuit->seen_lit = false;
    rest_at(sw, circuit->settled_at_us);
}

static void connect_pair(struct sim_switch *sw, uint32_t a, uint32_t b, int64_t now_us) {
    int64_t settle_us;
    uint32_t from;

    if (sw->circuits[a].b == b && !sw->circuits[a].stuck)
        return;
    if (sw->ingress_of[b] && sw->ingress_of[b] != a)
        disconnect(sw, sw->ingress_of[b], now_us);
    from = take_down(sw, a);
    remember(sw, a, from, now_us);
    settle_us = draw_settle_us(sw);
    sw->circuits[a].b = b;
    sw->ingress_of[b] = a;
    aim(sw, a, now_us, settle_us);
    log_move(sw, a, from, b, settle_us);
    touch_circuit(sw, a, b);
}

static bool is_out_of_order(const struct sim_port *port) {
    return port->failed || port->disabled;
}

/* used_counts: a port in another circuit is a conflict. */
static enum sim_verdict judge_pair(const struct sim_switch *sw, struct sim_pair pair, bool used_counts) {
    if (pair.a < 1 || pair.a > sw->ports_a || pair.b < 1 || pair.b > sw->ports_b)
        return SIM_OUT_OF_RANGE;
    if (sw->behaviour.failed_port == SIM_FAILED_PORT_REFUSES &&
        (is_out_of_order(&sw->port_a[pair.a]) || is_out_of_order(&sw->port_b[pair.b])))
        return SIM_PORT_FAILED;
    if (used_counts && sw->circuits[pair.a].b != pair.b && (sw->circuits[pair.a].b || sw->ingress_of[pair.b]))
        return SIM_CONFLICT;
    return SIM_DONE;
}

/* A verdict for every pair, into verdicts; returns the first that is not SIM_DONE. */
static enum sim_verdict judge_list(const struct sim_switch *sw, const struct sim_pair *pairs, size_t count,
                                   bool used_counts, unsigned char *verdicts) {
    bool a_named[SIM_MAX_SIDE_PORTS + 1] = {false}, b_named[SIM_MAX_SIDE_PORTS + 1] = {false};
    enum sim_verdict first = SIM_DONE;

    for (size_t i = 0; i < count; i++) {
        enum sim_verdict verdict = judge_pair(sw, pairs[i], used_counts);

        if (verdict != SIM_OUT_OF_RANGE) {
            if (a_named[pairs[i].a] || b_named[pairs[i].b])
                verdict = SIM_CONFLICT;
            a_named[pairs[i].a] = b_named[pairs[i].b] = true;
        }
        verdicts[i] = (unsigned char)verdict;
        if (first == SIM_DONE)
            first = verdict;
    }
    return first;
}

static size_t share(const struct sim_switch *sw, size_t count) {
    return count * (size_t)sw->behaviour.batch_share_percent / 100;
}

enum sim_verdict sim_switch_add(struct sim_switch *sw, const struct sim_pair *pairs, size_t count,
                                int64_t now_us) {
    unsigned char *verdicts = sim_calloc(count, 1);
    enum sim_verdict first =
        judge_list(sw, pairs, count, sw->behaviour.add_on_used == SIM_ADD_REFUSES, verdicts);

    if (first == SIM_DONE || sw->behaviour.bad_pair == SIM_BAD_PAIR_APPLIES_REST)
        for (size_t i = 0; i < share(sw, count); i++)
            if (verdicts[i] == SIM_DONE)
                connect_pair(sw, pairs[i].a, pairs[i].b, now_us);
    free(verdicts);
    changed(sw);
    return first;
}

enum sim_verdict sim_switch_only(struct sim_switch *sw, const struct sim_pair *pairs, size_t count,
                                 int64_t now_us) {
    unsigned char *verdicts = sim_calloc(count, 1);
    enum sim_verdict first = judge_list(sw, pairs, count, false, verdicts);

    if (first == SIM_DONE || sw->behaviour.bad_pair == SIM_BAD_PAIR_APPLIES_REST) {
        uint32_t *wanted = sim_calloc(sw->ports_a + 1, sizeof(*wanted));

        for (size_t i = 0; i < share(sw, count); i++)
            if (verdicts[i] == SIM_DONE)
                wanted[pairs[i].a] = pairs[i].b;
        for (uint32_t a = 1; a <= sw->ports_a; a++)
            if (sw->circuits[a].b && !wanted[a])
                disconnect(sw, a, now_us);
        for (uint32_t a = 1; a <= sw->ports_a; a++)
            if (wanted[a])
                connect_pair(sw, a, wanted[a], now_us);
        free(wanted);
    }
    free(verdicts);
    changed(sw);
    return first;
}

static enum sim_verdict judge_sub(const struct sim_switch *sw, struct sim_pair pair) {
    if (pair.a > sw->ports_a || pair.b > sw->ports_b || (!pair.a && !pair.b))
        return SIM_OUT_OF_RANGE;
    if (!pair.a)
        return sw->ingress_of[pair.b] ? SIM_DONE : SIM_CONFLICT;
    if (!sw->circuits[pair.a].b || (pair.b && sw->circuits[pair.a].b != pair.b))
        return SIM_CONFLICT;
    return SIM_DONE;
}

enum sim_verdict sim_switch_sub(struct sim_switch *sw, const struct sim_pair *pairs, size_t count,
                                int64_t now_us) {
    enum sim_verdict first = SIM_DONE;

    for (size_t i = 0; i < count && first == SIM_DONE; i++) {
        first = judge_sub(sw, pairs[i]);
        if (first == SIM_CONFLICT && sw->behaviour.sub_unmatched != SIM_SUB_ERROR)
            first = SIM_DONE;
    }
    for (size_t i = 0; i < share(sw, count); i++) {
        enum sim_verdict verdict = judge_sub(sw, pairs[i]);

        if (first != SIM_DONE && sw->behaviour.bad_pair == SIM_BAD_PAIR_REFUSES_LIST)
            break;
        if (verdict == SIM_OUT_OF_RANGE ||
            (verdict == SIM_CONFLICT && sw->behaviour.sub_unmatched != SIM_SUB_DISCONNECT))
            continue;
        if (pairs[i].a)
            disconnect(sw, pairs[i].a, now_us);
        if (pairs[i].b && sw->ingress_of[pairs[i].b])
            disconnect(sw, sw->ingress_of[pairs[i].b], now_us);
    }
    changed(sw);
    return first;
}

void sim_switch_clear(struct sim_switch *sw, int64_t now_us) {
    for (uint32_t a = 1; a <= sw->ports_a; a++)
        disconnect(sw, a, now_us);
    changed(sw);
}

bool sim_switch_carries(const struct sim_switch *sw, uint32_t a, int64_t now_us) {
    const struct sim_circuit *circuit = &sw->circuits[a];

    return circuit->b && !circuit->stuck && now_us >= circuit->settled_at_us &&
           sim_switch_is_up(sw, now_us) && !is_out_of_order(&sw->port_a[a]) &&
           !is_out_of_order(&sw->port_b[circuit->b]);
}

int64_t sim_switch_loss_mdb(const struct sim_switch *sw, uint32_t a, int64_t now_us) {
    uint32_t b = sw->circuits[a].b;
    /* The loss table, one entry a pair of ports: 0.70 to 1.80 dB. */
    uint64_t mixed = chance_mix(sw->plant->seed ^ chance_mix(((uint64_t)sw->index << 32) | (a << 16) | b));
    int64_t table_mdb = 700 + (int64_t)(mixed % 1101);
    double hours = (double)(now_us - sw->plant->started_us) / 3.6e9;
    /* Warmth and age: a slow swing of 0.05 dB with a period of its own, and what `drift-mdb-per-hour` asks
     * for. */
    double swing_mdb = 50 * sin(6.283185307 * (hours * 6 + (double)(mixed >> 40) / 16777216.0));

    return table_mdb + (int64_t)swing_mdb + (int64_t)(hours * (double)sw->behaviour.drift_mdb_per_hour) +
           sw->port_a[a].loss_mdb + sw->port_b[b].loss_mdb + sw->circuits[a].wrong_loss_mdb;
}

void sim_switch_report_event(struct sim_switch *sw, const char *cause, size_t first) {
    if (sw->plant->watcher.event)
        sw->plant->watcher.event(sw->plant->watcher.userdata, sw, cause, sw->moves ? sw->moves + first : NULL,
                                 sw->n_moves - first);
    sw->n_moves = first;
}

void sim_switch_power_off(struct sim_switch *sw, int64_t now_us) {
    size_t first = sw->n_moves;

    if (sw->ready_at_us == INT64_MAX)
        return;
    sim_switch_touch(sw);
    sw->ready_at_us = INT64_MAX;
    sw->boot_announced = false;
    sw->errors.count = 0;
    if (sw->behaviour.restart == SIM_RESTART_VOLATILE)
        for (uint32_t a = 1; a <= sw->ports_a; a++) {
            uint32_t from = take_down(sw, a);

            if (from)
                log_move(sw, a, from, 0, 1);
        }
    sim_switch_report_event(sw, "power off", first);
    changed(sw);
}

void sim_switch_power_on(struct sim_switch *sw, int64_t now_us) {
    if (sw->ready_at_us != INT64_MAX)
        return;
    sw->ready_at_us = now_us + sw->behaviour.boot_ms * 1000;
    for (uint32_t a = 1; a <= sw->ports_a; a++)
        if (sw->circuits[a].b)
            aim(sw, a, sw->ready_at_us, draw_settle_us(sw));
    sim_switch_report_event(sw, "power on", sw->n_moves);
    changed(sw);
}

int64_t sim_switch_advance(struct sim_switch *sw, int64_t now_us) {
    int64_t next_us = INT64_MAX;

    if (!sim_switch_is_up(sw, now_us))
        return sw->ready_at_us;
    if (!sw->boot_announced) {
        sw->boot_announced = true;
        sim_switch_report_event(sw, "ready", sw->n_moves);
        changed(sw);
    }
    for (uint32_t a = 1; a <= sw->ports_a; a++) {
        struct sim_circuit *circuit = &sw->circuits[a];

        if (!circuit->b || circuit->seen_lit)
            continue;
        if (now_us >= circuit->settled_at_us) {
            circuit->seen_lit = true;
            touch_circuit(sw, a, circuit->b);
        } else if (circuit->settled_at_us < next_us) {
            next_us = circuit->settled_at_us;
        }
    }
    return next_us;
}
