/* helioctl maintenance, and what maintain, drain and move share. */
#include "ctl/maintenance.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/qualify.h"
#include "ctl/registry.h"
#include "ctl/word.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEFAULT_TIMEOUT_MS 240000
#define TURN_MS 100

typedef Heliostat__V1__Maintenance maintenance;

static const struct ctl_column columns[] = {
    {"OBJECT"}, {"STATE"}, {"BY"}, {"SINCE"}, {"SAFE SINCE", CTL_COLUMN_WHERE_GIVEN}, {"REASON"}, {"NOTE"},
};

static void fill(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListMaintenanceResponse *response = message;
    for (size_t i = 0; i < response->n_maintenances; i++) {
        const maintenance *m = response->maintenances[i];
        ctl_table_cell(table, "%s", m->object);
        ctl_table_cell(table, "%s",
                       ctl_enum_word(&heliostat__v1__maintenance_state__descriptor, (int)m->state));
        ctl_table_cell(table, "%s", m->by);
        ctl_table_cell(table, "%.19s", m->since);
        ctl_table_cell(table, "%.19s", m->safe_since);
        ctl_table_cell(table, "%s", m->reason);
        ctl_table_cell(table, "%s", m->text);
    }
}

static int read_list(struct ctl *ctl, const char *object,
                     Heliostat__V1__ListMaintenanceResponse **ret_response) {
    Heliostat__V1__ListMaintenanceRequest request = HELIOSTAT__V1__LIST_MAINTENANCE_REQUEST__INIT;
    request.object = (char *)object;
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    return ctl_call(ctl, "MaintenanceService/ListMaintenance", &request.base,
                    &heliostat__v1__list_maintenance_response__descriptor, ret_response);
}

static void print_slice(struct ctl *ctl, const Heliostat__V1__MaintenanceSlice *s, const char *what) {
    char links[120] = "";
    size_t at = 0;
    for (size_t k = 0; k < s->n_links && k < 4; k++)
        at += (size_t)snprintf(links + at, sizeof(links) - at, "%s%u %s %u", k ? ", " : "",
                               s->links[k]->position, s->links[k]->face, s->links[k]->index);
    ctl_say(ctl, "  slice %s of %s: %zu links (position face index: %s%s)%s", s->slice, s->owner, s->n_links,
            links, s->n_links > 4 ? ", ..." : "", what);
}

/* Who gives up what, and what is in the way. */
static void print_details(struct ctl *ctl, const maintenance *m) {
    for (size_t i = 0; i < m->n_slices; i++) {
        const Heliostat__V1__MaintenanceSlice *s = m->slices[i];
        print_slice(ctl, s,
                    s->allowed
                        ? "; may go"
                        : ctl_text(ctl, "; waits for `helioctl slice allow %s %s`", s->slice, m->object));
    }
    for (size_t i = 0; i < m->n_in_the_way; i++)
        ctl_say(ctl, "  %s", m->in_the_way[i]);
    for (size_t i = 0; i < m->n_findings; i++)
        ctl_say(ctl, "  %s", m->findings[i]);
}

static void print_state(struct ctl *ctl, const maintenance *m) {
    if (ctl->format == CTL_FORMAT_NAME)
        puts(m->object);
    ctl_say(ctl, "%s: %s", m->object,
            *m->text ? m->text : ctl_enum_word(&heliostat__v1__maintenance_state__descriptor, (int)m->state));
    print_details(ctl, m);
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until it is safe, or, after a replacement, over. */
static int wait_for(struct ctl *ctl, const char *object, bool until_gone) {
    int64_t timeout_ms = ctl_flag_ms(ctl, "timeout", DEFAULT_TIMEOUT_MS), until_ms = now_ms() + timeout_ms;
    char *said = "";
    for (;;) {
        Heliostat__V1__ListMaintenanceResponse *response;
        int exit_status = read_list(ctl, object, &response);
        if (exit_status)
            return exit_status;
        const maintenance *m = response->n_maintenances ? response->maintenances[0] : NULL;
        if (until_gone && !m) {
            ctl_say(ctl, "%s: done", object);
            return 0;
        }
        if (!m)
            return ctl_fail(ctl, CTL_EXIT_FAILED, "%s: its maintenance was ended by somebody else", object);
        /* Circuits of slices stand in the way of work that begins, not of its end. */
        bool is_waiting =
            (!until_gone && m->state == HELIOSTAT__V1__MAINTENANCE_STATE__MAINTENANCE_STATE_WAITING) ||
            m->state == HELIOSTAT__V1__MAINTENANCE_STATE__MAINTENANCE_STATE_NOT_PROVEN_DARK ||
            m->state == HELIOSTAT__V1__MAINTENANCE_STATE__MAINTENANCE_STATE_STOPPED;
        bool is_safe = m->state == HELIOSTAT__V1__MAINTENANCE_STATE__MAINTENANCE_STATE_SAFE ||
                       m->state == HELIOSTAT__V1__MAINTENANCE_STATE__MAINTENANCE_STATE_FAILED;
        if (!until_gone && is_safe) {
            if (ctl_wants_json(ctl))
                return ctl_print_json(ctl, m);
            print_state(ctl, m);
            return 0;
        }
        if (is_waiting && strcmp(said, m->text)) {
            said = ctl_text(ctl, "%s", m->text);
            print_state(ctl, m);
            fflush(stdout);
        }
        if (now_ms() >= until_ms) {
            if (ctl_wants_json(ctl) && ctl_print_json(ctl, m))
                return CTL_EXIT_FAILED;
            return ctl_fail(ctl, CTL_EXIT_NOT_REACHED, "%s: %s after %lld s: %s", object,
                            until_gone ? "not over" : "not safe", (long long)timeout_ms / 1000, m->text);
        }
        nanosleep(&(struct timespec){.tv_nsec = TURN_MS * 1000000}, NULL);
    }
}

static int begin(struct ctl *ctl, const char *object, const char *reason, const char *move_to, bool failed) {
    Heliostat__V1__BeginMaintenanceRequest request = HELIOSTAT__V1__BEGIN_MAINTENANCE_REQUEST__INIT;
    Heliostat__V1__BeginMaintenanceResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.object = (char *)object;
    request.reason = (char *)reason;
    request.disrupt = ctl_has(ctl, "disrupt");
    request.move_to = (char *)move_to;
    request.failed = failed;
    if (request.disrupt) {
        int asked = ctl_ask(ctl, "--disrupt takes the circuits on %s from the slices that use them", object);
        if (asked)
            return asked;
    }
    int exit_status = ctl_call(ctl, "MaintenanceService/BeginMaintenance", &request.base,
                               &heliostat__v1__begin_maintenance_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    const maintenance *m = response->maintenance;
    if (request.mutation->validate_only || ctl_has(ctl, "no-wait")) {
        if (ctl_wants_json(ctl))
            return ctl_print_json(ctl, response);
        if (m && request.mutation->validate_only) {
            ctl_say(ctl, "%s: %u of %u ports carry a circuit", m->object, m->circuits_left, m->ports);
            print_details(ctl, m);
            ctl_say(ctl, "Nothing was changed.");
        } else if (m) {
            print_state(ctl, m);
        }
        return 0;
    }
    return wait_for(ctl, m ? m->object : object, false);
}

int ctl_maintain(struct ctl *ctl) {
    return begin(ctl, ctl_positional(ctl, 0), ctl_flag_text(ctl, "reason"), "", false);
}

int ctl_ocs_drain(struct ctl *ctl) {
    return begin(ctl, ctl_positional(ctl, 0), ctl_flag_text(ctl, "reason"), "", false);
}

int ctl_ocs_mark_failed(struct ctl *ctl) {
    int exit_status =
        ctl_ask(ctl, "%s counts as dead: its slices lose the links over it", ctl_positional(ctl, 0));
    if (exit_status)
        return exit_status;
    return begin(ctl, ctl_positional(ctl, 0), ctl_flag_text(ctl, "reason"), "", true);
}

/* What the end of it would change. */
static void print_end(struct ctl *ctl, const maintenance *m) {
    ctl_say(ctl, "%s would be given back", m->object);
    for (size_t i = 0; i < m->n_slices; i++)
        print_slice(ctl, m->slices[i], m->slices[i]->allowed ? "; come back" : "; stay as they are");
    if (m->kind == HELIOSTAT__V1__MAINTENANCE_KIND__MAINTENANCE_KIND_CUBE)
        ctl_say(
            ctl, "  %s",
            *m->safe_since
                ? "it would be QUARANTINED until `helioctl cube qualify` finds its links good"
                : "it would be CORDONED: nobody had his hands on it, and `helioctl cube uncordon` opens it");
    ctl_say(ctl, "Nothing was changed.");
}

int ctl_maintain_done(struct ctl *ctl) {
    Heliostat__V1__EndMaintenanceRequest request = HELIOSTAT__V1__END_MAINTENANCE_REQUEST__INIT;
    Heliostat__V1__EndMaintenanceResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.object = ctl_positional(ctl, 0);
    int exit_status = ctl_call(ctl, "MaintenanceService/EndMaintenance", &request.base,
                               &heliostat__v1__end_maintenance_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (request.mutation->validate_only && response->maintenance) {
        print_end(ctl, response->maintenance);
        return 0;
    }
    if (ctl_has(ctl, "no-wait")) {
        ctl_say(ctl, "%s: done", request.object);
        return 0;
    }
    return wait_for(ctl, request.object, true);
}

int ctl_slice_allow(struct ctl *ctl) {
    Heliostat__V1__AllowMaintenanceRequest request = HELIOSTAT__V1__ALLOW_MAINTENANCE_REQUEST__INIT;
    Heliostat__V1__AllowMaintenanceResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.slice = ctl_positional(ctl, 0);
    request.object = ctl_positional(ctl, 1);
    int exit_status = ctl_ask(ctl, "slice %s loses its links over %s", request.slice, request.object);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "MaintenanceService/AllowMaintenance", &request.base,
                               &heliostat__v1__allow_maintenance_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%s %s its links over %s", request.slice,
            request.mutation->validate_only ? "would give up" : "gives up", request.object);
    for (size_t i = 0;
         request.mutation->validate_only && response->maintenance && i < response->maintenance->n_slices; i++)
        if (strcmp(response->maintenance->slices[i]->slice, request.slice) == 0)
            print_slice(ctl, response->maintenance->slices[i], "");
    return 0;
}

int ctl_ocs_replace(struct ctl *ctl) {
    Heliostat__V1__ReplaceOcsRequest request = HELIOSTAT__V1__REPLACE_OCS_REQUEST__INIT;
    Heliostat__V1__ReplaceOcsResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.ocs = ctl_positional(ctl, 0);
    request.serial = ctl_flag_text(ctl, "serial");
    request.product = ctl_flag_text_or(ctl, "product", "");
    int exit_status = ctl_call(ctl, "MaintenanceService/ReplaceOcs", &request.base,
                               &heliostat__v1__replace_ocs_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (request.mutation->validate_only) {
        ctl_say(ctl, "%s would be the unit with serial %s. Nothing was changed.", request.ocs,
                request.serial);
        return 0;
    }
    ctl_say(ctl, "%s is the unit with serial %s from now on; its circuits return in stages", request.ocs,
            request.serial);
    return ctl_has(ctl, "no-wait") ? 0 : wait_for(ctl, request.ocs, true);
}

/* Lines "chip-1-2-3,SERIAL" or "x,y,z,SERIAL"; a first line of column names and what follows # do not count.
 */
static int read_serials(struct ctl *ctl, Heliostat__V1__ChipSerial ***ret_serials, size_t *ret_n_serials) {
    const char *path = ctl_flag_text(ctl, "serials");
    size_t length, lines = 1, n_serials = 0;
    char *text = ctl_read_file(ctl, path, &length);
    if (!text)
        return CTL_EXIT_USAGE;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    Heliostat__V1__ChipSerial **serials = ctl_alloc(ctl, lines * sizeof(*serials));
    char *rest = text;
    unsigned number = 0;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        unsigned x, y, z;
        char serial[80], more;
        number++;
        line[strcspn(line, "#\r")] = 0;
        if (!line[strspn(line, " \t")] || (number == 1 && strstr(line, "serial")))
            continue;
        if ((sscanf(line, " chip-%1u-%1u-%1u , %79s %c", &x, &y, &z, serial, &more) != 4 &&
             sscanf(line, " %1u , %1u , %1u , %79s %c", &x, &y, &z, serial, &more) != 4))
            return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%u: a line is \"chip-1-2-3,SERIAL\"", path, number);
        Heliostat__V1__ChipSerial *entry = ctl_alloc(ctl, sizeof(*entry));
        heliostat__v1__chip_serial__init(entry);
        entry->x = x, entry->y = y, entry->z = z;
        entry->serial = ctl_text(ctl, "%s", serial);
        serials[n_serials++] = entry;
    }
    *ret_serials = serials;
    *ret_n_serials = n_serials;
    return 0;
}

int ctl_cube_replace(struct ctl *ctl) {
    Heliostat__V1__ReplaceCubeRequest request = HELIOSTAT__V1__REPLACE_CUBE_REQUEST__INIT;
    Heliostat__V1__ReplaceCubeResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.cube = ctl_positional(ctl, 0);
    int exit_status = read_serials(ctl, &request.serials, &request.n_serials);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "MaintenanceService/ReplaceCube", &request.base,
                               &heliostat__v1__replace_cube_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%s: %zu serials %s; the wiring stays as it is", request.cube, request.n_serials,
            request.mutation->validate_only ? "would be taken over. Nothing was changed" : "taken over");
    return 0;
}

/* 0, or the usage error. */
static int check_steps(struct ctl *ctl) {
    if (ctl_has(ctl, "prepare") + ctl_has(ctl, "done") + ctl_has(ctl, "cancel") != 1)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "give one of --prepare, --done and --cancel");
    return 0;
}

static int finish_host(struct ctl *ctl, char *host) {
    Heliostat__V1__ReplaceHostRequest request = HELIOSTAT__V1__REPLACE_HOST_REQUEST__INIT;
    Heliostat__V1__ReplaceHostResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.host = host;
    int exit_status = read_serials(ctl, &request.serials, &request.n_serials);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "MaintenanceService/ReplaceHost", &request.base,
                               &heliostat__v1__replace_host_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    bool is_preview = request.mutation->validate_only, waits = !is_preview && !ctl_has(ctl, "no-wait");
    if (!waits && ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (!ctl_wants_json(ctl))
        ctl_say(ctl, "%s: %zu serials %s", request.host, request.n_serials,
                is_preview ? "would be taken over, and its links tested. Nothing was changed"
                           : "taken over; the wiring stays as it is");
    return waits && response->qualification ? ctl_await_qualification(ctl, response->qualification->cube) : 0;
}

int ctl_host_replace(struct ctl *ctl) {
    char *host = ctl_positional(ctl, 0);
    int exit_status = check_steps(ctl);
    if (exit_status)
        return exit_status;
    if (ctl_has(ctl, "done") == !ctl_flag_text(ctl, "serials"))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--serials names the file of new serials, with --done only");
    if (ctl_has(ctl, "cancel"))
        return ctl_maintain_done(ctl);
    if (ctl_has(ctl, "prepare"))
        return begin(ctl, host, ctl_flag_text_or(ctl, "reason", "it is replaced"), "", false);
    return finish_host(ctl, host);
}

int ctl_port_move(struct ctl *ctl) {
    char *port = ctl_positional(ctl, 0), *to = ctl_flag_text(ctl, "to");
    bool prepare = ctl_has(ctl, "prepare"), cancel = ctl_has(ctl, "cancel");
    int exit_status = check_steps(ctl);
    if (exit_status)
        return exit_status;
    if (prepare == !to)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--to names the other port, with --prepare only");
    if (cancel)
        return ctl_maintain_done(ctl);
    if (prepare)
        return begin(ctl, port, ctl_flag_text_or(ctl, "reason", ctl_text(ctl, "its fiber moves to %s", to)),
                     strrchr(to, '/') ? strrchr(to, '/') + 1 : to, false);
    Heliostat__V1__FinishPortMoveRequest request = HELIOSTAT__V1__FINISH_PORT_MOVE_REQUEST__INIT;
    Heliostat__V1__FinishPortMoveResponse *response;
    request.mutation = ctl_mutation(ctl);
    request.object = port;
    exit_status = ctl_call(ctl, "MaintenanceService/FinishPortMove", &request.base,
                           &heliostat__v1__finish_port_move_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (ctl_has(ctl, "no-wait") || request.mutation->validate_only)
        return 0;
    return wait_for(ctl, port, true);
}

static int maintenance_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill, "nobody works on anything");
    Heliostat__V1__ListMaintenanceResponse *response;
    const char *object = ctl_positional_or(ctl, 0, "");
    int exit_status = read_list(ctl, object, &response);
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    for (size_t i = 0; exit_status == 0 && *object && i < response->n_maintenances; i++)
        print_details(ctl, response->maintenances[i]);
    return exit_status;
}

const struct ctl_flag ctl_maintain_flags[] = {
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .required = true, .help = "Why, for the record"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "An operator's word instead of the slices' owners'"},
    {0},
};

const struct ctl_flag ctl_ocs_replace_flags[] = {
    {"serial", 0, CTL_VALUE_TEXT, "SERIAL", .required = true, .help = "Of the unit that stands there now"},
    {"product", 0, CTL_VALUE_TEXT, "PRODUCT", .help = "Its product code (default: as before)"},
    {0},
};

const struct ctl_flag ctl_host_replace_flags[] = {
    {"prepare", 0, CTL_VALUE_NONE,
     .help = "Remove the circuits of its links, block their ports, wait until it is safe to touch"},
    {"done", 0, CTL_VALUE_NONE,
     .help = "The new host is in: commit its serials, give it back, test its links"},
    {"serials", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "With --done: 4 lines \"chip-1-2-3,SERIAL\"; - for standard input"},
    {"cancel", 0, CTL_VALUE_NONE, .help = "The old host stays: its circuits return"},
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .help = "Why, for the record"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "An operator's word instead of the slices' owners'"},
    {0},
};

const struct ctl_flag ctl_cube_replace_flags[] = {
    {"serials", 0, CTL_VALUE_TEXT, "FILE", .required = true, .object = CTL_OBJECT_FILE,
     .help = "64 lines \"chip-1-2-3,SERIAL\"; - for standard input"},
    {0},
};

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only of this pod"},
    {0},
};

static const struct ctl_command commands[] = {
    {"list",
     "List what people work on, whether it is safe to touch, and what is in the way",
     NULL,
     {{"OBJECT", true, CTL_OBJECT_OTHER, "A cube, host, fiber, port or switch"}},
     list_flags,
     CTL_FLAGS_WATCH,
     NULL,
     maintenance_list},
    {0},
};

const struct ctl_noun ctl_noun_maintenance = {"maintenance", "Hands on the plant", commands};
