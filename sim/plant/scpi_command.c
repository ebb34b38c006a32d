#include "sim/plant/scpi_command.h"
#include "sim/plant/light.h"
#include "sim/plant/scpi_syntax.h"

#define BULK_PORTS 16
#define MAX_POWER_PORTS 256

static const struct {
    int code;
    const char *text;
} error_texts[] = {
    {0, "No error"},
    {-102, "Syntax error"},
    {-103, "Invalid separator"},
    {-108, "Parameter not allowed"},
    {-109, "Missing parameter"},
    {-113, "Undefined header"},
    {-220, "Parameter error"},
    {-221, "Settings conflict"},
    {-222, "Data out of range"},
    {-223, "Too much data"},
    {-240, "Hardware error"},
    {-241, "Hardware missing"},
    {-350, "Queue overflow"},
    {-363, "Input buffer overrun"},
};

static struct sim_errors *errors_of(struct scpi_session *session) {
    return session->sw->behaviour.error_queue == SIM_ERRORS_SHARED ? &session->sw->errors : &session->errors;
}

void scpi_error(struct scpi_session *session, int code) {
    struct sim_errors *errors = errors_of(session);
    size_t depth = (size_t)session->sw->behaviour.error_queue_depth;

    if (errors->count < depth)
        errors->codes[errors->count++] = code;
    else
        errors->codes[depth - 1] = -350;
}

static void add_error(struct text *out, int code) {
    for (size_t i = 0; i < sizeof(error_texts) / sizeof(error_texts[0]); i++)
        if (error_texts[i].code == code)
            text_addf(out, "%d,\"%s\"", code, error_texts[i].text);
}

static int error_of(enum sim_verdict verdict) {
    static const int codes[] = {
        [SIM_DONE] = 0, [SIM_OUT_OF_RANGE] = -222, [SIM_CONFLICT] = -221, [SIM_PORT_FAILED] = -240};

    return codes[verdict];
}

static int at_end(struct scpi_call *call) {
    scpi_skip_space(&call->at, call->end);
    return call->at == call->end ? 0 : -108;
}

static int read_list(struct scpi_call *call, struct scpi_list *ret_list) {
    scpi_skip_space(&call->at, call->end);
    if (call->at == call->end)
        return -109;
    return scpi_read_list(&call->at, call->end, call->session->sw->behaviour.port_ranges, ret_list);
}

/* Both lists of "(@1,2),(@17,18)". */
static int read_two_lists(struct scpi_call *call, struct scpi_list *ret_one, struct scpi_list *ret_two) {
    int error = read_list(call, ret_one);

    if (error)
        return error;
    scpi_skip_space(&call->at, call->end);
    if (call->at == call->end)
        return -109;
    if (*call->at++ != ',')
        return -103;
    error = read_list(call, ret_two);
    return error ? error : at_end(call);
}

/* A number on the wire to a side B number; 0 when it is no egress port, which the switch then finds out of
 * range. */
static uint32_t egress(const struct sim_switch *sw, uint32_t wire) {
    return wire > sw->ports_a ? wire - sw->ports_a : 0;
}

static int is_wire_port(const struct sim_switch *sw, uint32_t wire) {
    return wire >= 1 && wire <= sw->ports_a + sw->ports_b;
}

static struct sim_port *wire_port(struct sim_switch *sw, uint32_t wire) {
    return wire > sw->ports_a ? &sw->port_b[wire - sw->ports_a] : &sw->port_a[wire];
}

/* Reads the lists of a connect command as pairs. */
static int read_pairs(struct scpi_call *call, struct sim_pair *pairs, size_t *ret_count) {
    struct scpi_list a, b;
    int error = read_two_lists(call, &a, &b);

    if (error)
        return error;
    if (a.count != b.count)
        return -220;
    for (size_t i = 0; i < a.count; i++)
        pairs[i] = (struct sim_pair){.a = a.ports[i], .b = egress(call->session->sw, b.ports[i])};
    *ret_count = a.count;
    return 0;
}

static int connect_add(struct scpi_call *call) {
    struct sim_pair pairs[SCPI_MAX_LIST];
    size_t count;
    int error = read_pairs(call, pairs, &count);

    return error ? error : error_of(sim_switch_add(call->session->sw, pairs, count, call->now_us));
}

static int connect_only(struct scpi_call *call) {
    struct sim_pair pairs[SCPI_MAX_LIST];
    size_t count;
    int error = read_pairs(call, pairs, &count);

    return error ? error : error_of(sim_switch_only(call->session->sw, pairs, count, call->now_us));
}

static int connect_sub(struct scpi_call *call) {
    struct sim_switch *sw = call->session->sw;
    struct sim_pair pairs[SCPI_MAX_LIST];
    struct scpi_list a, b;
    size_t count;
    int error = read_two_lists(call, &a, &b);

    if (error)
        return error;
    if (a.count && b.count && a.count != b.count)
        return -220;
    count = a.count ? a.count : b.count;
    for (size_t i = 0; i < count; i++) {
        pairs[i] =
            (struct sim_pair){.a = a.count ? a.ports[i] : 0, .b = b.count ? egress(sw, b.ports[i]) : 0};
        if ((a.count && !pairs[i].a) || (b.count && !pairs[i].b))
            pairs[i] = (struct sim_pair){0};
    }
    return error_of(sim_switch_sub(sw, pairs, count, call->now_us));
}

static int disconnect_all(struct scpi_call *call) {
    int error = at_end(call);

    if (!error)
        sim_switch_clear(call->session->sw, call->now_us);
    return error;
}

/* 0: none. */
static uint32_t shown_b(const struct sim_switch *sw, uint32_t a, int64_t now_us) {
    const struct sim_circuit *circuit = &sw->circuits[a];
    const struct sim_port *port = &sw->port_a[a];

    if (port->moved_at_us && now_us - port->moved_at_us < sw->behaviour.stat_lag_ms * 1000)
        return port->was_b;
    if (!circuit->b || sw->behaviour.stat == SIM_STAT_COMMANDED)
        return circuit->b;
    return !circuit->stuck && now_us >= circuit->settled_at_us ? circuit->b : 0;
}

static void add_number(struct text *out, const char **separator, uint32_t number) {
    text_addf(out, "%s%u", *separator, number);
    *separator = ",";
}

static int connect_state(struct scpi_call *call) {
    const struct sim_switch *sw = call->session->sw;
    const char *separator = "(@";
    int error = at_end(call);

    if (error)
        return error;
    for (uint32_t a = 1; a <= sw->ports_a; a++)
        if (shown_b(sw, a, call->now_us))
            add_number(call->answer, &separator, a);
    if (*separator == '(')
        return text_add(call->answer, "(@),(@)"), 0;
    separator = "),(@";
    for (uint32_t a = 1; a <= sw->ports_a; a++)
        if (shown_b(sw, a, call->now_us))
            add_number(call->answer, &separator, sw->ports_a + shown_b(sw, a, call->now_us));
    text_add(call->answer, ")");
    return 0;
}

static int connect_port(struct scpi_call *call) {
    const struct sim_switch *sw = call->session->sw;
    uint32_t wire = 0, other;
    int error;

    scpi_skip_space(&call->at, call->end);
    if (call->at == call->end)
        return -109;
    while (call->at < call->end && *call->at >= '0' && *call->at <= '9' && wire < 100000)
        wire = wire * 10 + (uint32_t)(*call->at++ - '0');
    error = at_end(call);
    if (error)
        return error;
    if (!is_wire_port(sw, wire))
        return -222;
    if (wire > sw->ports_a)
        other = sw->ingress_of[wire - sw->ports_a];
    else
        other = sw->circuits[wire].b ? sw->ports_a + sw->circuits[wire].b : 0;
    if (other && shown_b(sw, wire > sw->ports_a ? other : wire, call->now_us))
        text_addf(call->answer, "\"%u\"", other);
    else
        text_add(call->answer, "\"\"");
    return 0;
}

static int switch_size(struct scpi_call *call) {
    int error = at_end(call);

    if (!error)
        text_addf(call->answer, "%u,%u", call->session->sw->ports_a, call->session->sw->ports_b);
    return error;
}

/* A list of ports that all exist. */
static int read_ports(struct scpi_call *call, struct scpi_list *ret_list) {
    int error = read_list(call, ret_list);

    if (!error)
        error = at_end(call);
    for (size_t i = 0; !error && i < ret_list->count; i++)
        if (!is_wire_port(call->session->sw, ret_list->ports[i]))
            error = -222;
    return error;
}

static int set_disabled(struct scpi_call *call, bool disabled) {
    struct sim_switch *sw = call->session->sw;
    struct scpi_list list;
    int error = read_ports(call, &list);

    if (error)
        return error;
    for (size_t i = 0; i < list.count; i++) {
        struct sim_port *port = wire_port(sw, list.ports[i]);

        port->disabled = disabled;
        sim_plant_touch(sw->plant, port->end);
    }
    return 0;
}

static int port_enable(struct scpi_call *call) {
    return set_disabled(call, false);
}

static int port_disable(struct scpi_call *call) {
    return set_disabled(call, true);
}

static int port_state(struct scpi_call *call) {
    struct scpi_list list;
    int error = read_ports(call, &list);

    if (error)
        return error;
    text_add(call->answer, "(");
    for (size_t i = 0; i < list.count; i++) {
        const struct sim_port *port = wire_port(call->session->sw, list.ports[i]);

        text_addf(call->answer, "%s%c", i ? "," : "", port->failed ? 'F' : port->disabled ? 'D' : 'E');
    }
    text_add(call->answer, ")");
    return 0;
}

static int power(struct scpi_call *call) {
    struct sim_switch *sw = call->session->sw;
    struct scpi_list list;
    int error = read_ports(call, &list);

    if (error)
        return error;
    if (sw->behaviour.meters == SIM_METERS_NONE)
        return -241;
    if (sw->behaviour.meters == SIM_METERS_SILENT)
        return 0;
    if (list.count > MAX_POWER_PORTS)
        return -223;
    for (size_t i = 0; i < list.count; i++)
        if (list.ports[i] <= sw->ports_a && sw->behaviour.meters == SIM_METERS_EGRESS)
            return -241;
    text_add(call->answer, "(");
    for (size_t i = 0; i < list.count; i++) {
        bool side_b = list.ports[i] > sw->ports_a;
        int64_t mdbm = sim_light_meter_mdbm(
            sw->plant, sw, side_b, side_b ? list.ports[i] - sw->ports_a : list.ports[i], call->now_us);

        text_addf(call->answer, "%s%.2f", i ? "," : "", (double)mdbm / 1000);
    }
    text_add(call->answer, ")");
    return 0;
}

static int next_error(struct scpi_call *call) {
    struct sim_errors *errors = errors_of(call->session);
    int error = at_end(call);

    if (error)
        return error;
    add_error(call->answer, errors->count ? errors->codes[0] : 0);
    for (size_t i = 1; i < errors->count; i++)
        errors->codes[i - 1] = errors->codes[i];
    if (errors->count)
        errors->count--;
    return 0;
}

static int all_errors(struct scpi_call *call) {
    struct sim_errors *errors = errors_of(call->session);
    int error = at_end(call);

    if (error)
        return error;
    if (!errors->count)
        add_error(call->answer, 0);
    for (size_t i = 0; i < errors->count; i++) {
        if (i)
            text_add(call->answer, ",");
        add_error(call->answer, errors->codes[i]);
    }
    errors->count = 0;
    return 0;
}

static int clear_status(struct scpi_call *call) {
    int error = at_end(call);

    if (!error)
        errors_of(call->session)->count = 0;
    return error;
}

static int reset_device(struct scpi_call *call) {
    struct sim_switch *sw = call->session->sw;
    int error = at_end(call);

    if (error)
        return error;
    for (uint32_t wire = 1; wire <= sw->ports_a + sw->ports_b; wire++)
        wire_port(sw, wire)->disabled = false;
    sim_switch_clear(sw, call->now_us);
    return 0;
}

static int identify(struct scpi_call *call) {
    const struct sim_behaviour *is = &call->session->sw->behaviour;
    int error = at_end(call);

    if (!error)
        text_addf(call->answer, "%s,%s,%s,%s", is->vendor, is->product, is->serial, is->version);
    return error;
}

static int status_byte(struct scpi_call *call) {
    int error = at_end(call);

    if (!error)
        text_add(call->answer, errors_of(call->session)->count ? "4" : "0");
    return error;
}

static int operation_complete(struct scpi_call *call) {
    int error = at_end(call);

    if (!error)
        text_add(call->answer, "1");
    return error;
}

static int nothing(struct scpi_call *call) {
    return at_end(call);
}

static int64_t when_settled(const struct scpi_call *call) {
    return call->session->sw->settled_at_us;
}

static int64_t when_read(const struct scpi_call *call) {
    const struct sim_switch *sw = call->session->sw;

    return sw->behaviour.reads_wait ? sw->settled_at_us : 0;
}

static int64_t when_read_in_bulk(const struct scpi_call *call) {
    int64_t delay_us = call->session->sw->behaviour.bulk_read_ms * 1000, ready_us = when_read(call);

    return delay_us && call->now_us + delay_us > ready_us ? call->now_us + delay_us : ready_us;
}

static int64_t when_ports_read(const struct scpi_call *call) {
    const char *at = call->at;
    struct scpi_list list;

    if (scpi_read_list(&at, call->end, true, &list) == 0 && list.count > BULK_PORTS)
        return when_read_in_bulk(call);
    return when_read(call);
}

static const struct scpi_command commands[] = {
    {"*IDN", true, false, identify, NULL},
    {"*OPC", true, false, operation_complete, when_settled},
    {"*OPC", false, false, nothing, NULL},
    {"*STB", true, false, status_byte, NULL},
    {"*CLS", false, false, clear_status, NULL},
    {"*RST", false, true, reset_device, NULL},
    {"OXC:SWITch:SIZE", true, false, switch_size, NULL},
    {"OXC:SWITch:CONNect:ADD", false, true, connect_add, NULL},
    {"OXC:SWITch:CONNect:ONLY", false, true, connect_only, NULL},
    {"OXC:SWITch:CONNect:SUB", false, true, connect_sub, NULL},
    {"OXC:SWITch:CONNect:STATe", true, false, connect_state, when_read_in_bulk},
    {"OXC:SWITch:CONNect:PORT", true, false, connect_port, when_read},
    {"OXC:SWITch:DISConnect:ALL", false, true, disconnect_all, NULL},
    {"OXC:SWITch:PORT:ENABle", false, true, port_enable, NULL},
    {"OXC:SWITch:PORT:DISable", false, true, port_disable, NULL},
    {"OXC:SWITch:PORT:STATe", true, false, port_state, when_ports_read},
    {"PMON:POWer", true, false, power, when_ports_read},
    {"SYSTem:ERRor", true, false, next_error, NULL},
    {"SYSTem:ERRor:NEXT", true, false, next_error, NULL},
    {"SYSTem:ERRor:ALL", true, false, all_errors, NULL},
};

const struct scpi_command *scpi_command_find(const char *header, size_t len, bool is_query) {
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (commands[i].is_query == is_query && scpi_header_matches(commands[i].pattern, header, len))
            return &commands[i];
    return NULL;
}
