#include "sim/plant/light.h"

#define METER_DARK_MDBM (-50000)

/* The port that a circuit joins to this one, 0: none. */
static uint32_t other_port(const struct sim_switch *sw, bool side_b, uint32_t port) {
    return side_b ? sw->ingress_of[port] : sw->circuits[port].b;
}

int32_t sim_light_joined(const struct sim_plant *plant, int32_t end) {
    const struct sim_link_end *link = &plant->ends[end];
    const struct sim_switch *sw;
    uint32_t other;

    if (link->ocs < 0)
        return SIM_NO_END;
    sw = &plant->switches[link->ocs];
    other = other_port(sw, link->side_b, link->port);
    if (!other)
        return SIM_NO_END;
    const struct sim_port *port = link->side_b ? &sw->port_a[other] : &sw->port_b[other];
    return port->end == SIM_NO_END && port->reflects ? end : port->end;
}

int64_t sim_light_sent_mdbm(struct sim_plant *plant, int32_t end) {
    const struct sim_link_end *link = &plant->ends[end];

    if (link->transmitter_failed || plant->cubes[sim_end_cube(end)].failed ||
        sim_end_host(plant, end)->failed)
        return SIM_DARK_MDBM;
    return link->transmit_mdbm;
}

struct sim_light sim_light_at(struct sim_plant *plant, int32_t end, int64_t now_us) {
    const struct sim_link_end *link = &plant->ends[end];
    struct sim_light dark = {.far_end = SIM_NO_END, .receive_mdbm = SIM_DARK_MDBM};
    int32_t far = sim_light_joined(plant, end);
    const struct sim_switch *sw;
    int64_t sent_mdbm, receive_mdbm;
    uint32_t a;

    if (far == SIM_NO_END || link->fiber_failed || plant->ends[far].fiber_failed)
        return dark;
    sw = &plant->switches[link->ocs];
    a = link->side_b ? sw->ingress_of[link->port] : link->port;
    if (!sim_switch_carries(sw, a, now_us))
        return dark;
    sent_mdbm = sim_light_sent_mdbm(plant, far);
    if (sent_mdbm == SIM_DARK_MDBM)
        return dark;
    if (far == end) /* the mirrors once more, on the way back */
        sent_mdbm -= sim_switch_loss_mdb(sw, a, now_us);
    receive_mdbm = sent_mdbm - plant->ends[far].fiber_loss_mdb - sim_switch_loss_mdb(sw, a, now_us) -
                   link->fiber_loss_mdb;
    if (receive_mdbm < plant->sensitivity_mdbm) {
        dark.receive_mdbm = receive_mdbm < SIM_DARK_MDBM ? SIM_DARK_MDBM : receive_mdbm;
        return dark;
    }
    return (struct sim_light){.light = true, .far_end = far, .receive_mdbm = receive_mdbm};
}

int64_t sim_light_meter_mdbm(struct sim_plant *plant, const struct sim_switch *sw, bool side_b, uint32_t port,
                             int64_t now_us) {
    uint32_t a = side_b ? sw->ingress_of[port] : port;
    int64_t power_mdbm;
    int32_t end;

    if (!a || (end = sw->port_a[a].end) == SIM_NO_END || plant->ends[end].fiber_failed)
        return METER_DARK_MDBM;
    power_mdbm = sim_light_sent_mdbm(plant, end);
    if (power_mdbm == SIM_DARK_MDBM)
        return METER_DARK_MDBM;
    power_mdbm -= plant->ends[end].fiber_loss_mdb;
    if (!side_b)
        return power_mdbm;
    return sim_switch_carries(sw, a, now_us) ? power_mdbm - sim_switch_loss_mdb(sw, a, now_us)
                                             : METER_DARK_MDBM;
}
