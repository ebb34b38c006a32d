/* helioctl status: one screen, and on it first what a person should know. */
#include "ctl/alarm.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/pod.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "proto/json/json.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINES_SHOWN 12

struct status {
    Heliostat__V1__ListPodsResponse *pods;
    Heliostat__V1__ListSlicesResponse *slices;
    Heliostat__V1__ListOcsesResponse **ocses;  /* by pod */
    Heliostat__V1__ListAlarmsResponse *alarms; /* NULL: this daemon keeps none */
    unsigned needs;                            /* lines printed under "Needs attention" */
};

static int read_status(struct ctl *ctl, struct status *s) {
    Heliostat__V1__ListPodsRequest pods = HELIOSTAT__V1__LIST_PODS_REQUEST__INIT;
    Heliostat__V1__ListSlicesRequest slices = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    Heliostat__V1__ListAlarmsRequest alarms = HELIOSTAT__V1__LIST_ALARMS_REQUEST__INIT;
    int exit_status = ctl_call(ctl, "PodService/ListPods", &pods.base,
                               &heliostat__v1__list_pods_response__descriptor, &s->pods);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "SliceService/ListSlices", &slices.base,
                               &heliostat__v1__list_slices_response__descriptor, &s->slices);
    if (exit_status)
        return exit_status;
    s->ocses = ctl_alloc(ctl, s->pods->n_pods * sizeof(*s->ocses));
    for (size_t i = 0; i < s->pods->n_pods && exit_status == 0; i++) {
        Heliostat__V1__ListOcsesRequest ocses = HELIOSTAT__V1__LIST_OCSES_REQUEST__INIT;
        ocses.pod = s->pods->pods[i]->name;
        exit_status = ctl_call(ctl, "OcsService/ListOcses", &ocses.base,
                               &heliostat__v1__list_ocses_response__descriptor, &s->ocses[i]);
    }
    if (exit_status == 0 && ctl_call_quietly(ctl, "AlarmService/ListAlarms", &alarms.base,
                                             &heliostat__v1__list_alarms_response__descriptor, &s->alarms))
        s->alarms = NULL;
    return exit_status;
}

static const struct ctl_column pod_columns[] = {
    {"POD"},
    {"MODEL"},
    {"CUBES", CTL_COLUMN_RIGHT},
    {"HEALTHY", CTL_COLUMN_RIGHT},
    {"IN SLICES", CTL_COLUMN_RIGHT},
    {"FREE", CTL_COLUMN_RIGHT},
    {"OCSES IN SYNC", CTL_COLUMN_RIGHT},
};

static void print_pods(struct ctl *ctl, const struct status *s) {
    struct ctl_table table;
    ctl_table_init(&table, pod_columns, sizeof(pod_columns) / sizeof(*pod_columns));
    for (size_t i = 0; i < s->pods->n_pods; i++) {
        const Heliostat__V1__PodStatus *pod = s->pods->pods[i];
        unsigned healthy = 0, used = 0, unused = 0;
        for (size_t c = 0; c < pod->n_cubes; c++) {
            bool is_healthy = pod->cubes[c]->health == HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY;
            healthy += is_healthy;
            bool is_used = *pod->cubes[c]->slice || pod->cubes[c]->part_hosts;
            used += is_used;
            unused += !is_used && is_healthy &&
                      pod->cubes[c]->scheduling <= HELIOSTAT__V1__SCHEDULING__SCHEDULING_SCHEDULABLE;
        }
        ctl_table_cell(&table, "%s", pod->name);
        ctl_table_cell(&table, "%s", pod->model);
        ctl_table_cell(&table, "%zu", pod->n_cubes);
        ctl_table_cell(&table, "%u", healthy);
        ctl_table_cell(&table, "%u", used);
        ctl_table_cell(&table, "%u", unused);
        ctl_table_cell(&table, "%u/%u", pod->ocses_in_sync, pod->ocses);
    }
    if (s->pods->n_pods)
        ctl_show_table(ctl, &table);
    else
        puts("No pods. Make one with: helioctl pod create NAME --model tpu-v4");
    ctl_table_deinit(&table);
}

static void print_slices(const struct status *s) {
    const ProtobufCEnumDescriptor *states = &heliostat__v1__slice_state__descriptor;
    bool first = true;
    printf("\nSlices: %zu", s->slices->n_slices);
    for (unsigned v = 0; v < states->n_values; v++) {
        unsigned n = 0;
        for (size_t i = 0; i < s->slices->n_slices; i++)
            n += (int)s->slices->slices[i]->state == states->values[v].value;
        if (n) {
            printf("%s%u %s", first ? " (" : ", ", n, ctl_enum_word(states, states->values[v].value));
            first = false;
        }
    }
    puts(first ? "" : ")");
}

__attribute__((format(printf, 2, 3))) static void need(struct status *s, const char *format, ...) {
    va_list values;
    if (s->needs++ == 0)
        puts("\nNeeds attention:");
    va_start(values, format);
    fputs("  ", stdout);
    vprintf(format, values);
    putchar('\n');
    va_end(values);
}

static void check_slices(struct ctl *ctl, struct status *s) {
    const Heliostat__V1__Slice *unverified = NULL;
    unsigned n_unverified = 0;
    for (size_t i = 0; i < s->slices->n_slices; i++) {
        const Heliostat__V1__Slice *x = s->slices->slices[i];
        const char *state = ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)x->state);
        if (x->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_INCOMPLETE)
            need(s, "slice %s is INCOMPLETE: %s. Repair: helioctl slice swap %s --cube CUBE", x->name,
                 x->cause, x->name);
        else if (x->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED)
            need(s, "slice %s FAILED: %s. helioctl slice delete %s frees the name", x->name, x->cause,
                 x->name);
        else if (x->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_DEGRADED)
            need(s, "slice %s is %s: %s", x->name, state,
                 *x->cause ? x->cause : ctl_text(ctl, "%zu links missing", x->n_missing_links));
        if (x->held)
            need(s, "slice %s is held: helioctl slice release-hold %s --keep|--rederive", x->name, x->name);
        if (x->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED)
            need(s, "slice %s failed qualification on %zu links: helioctl verify --slice %s", x->name,
                 x->n_failed_links, x->name);
        if (*x->unverified_since && n_unverified++ == 0)
            unverified = x;
    }
    if (n_unverified == 1)
        need(s, "slice %s: a switch it uses cannot be seen since %s", unverified->name,
             unverified->unverified_since);
    else if (n_unverified)
        need(s, "%u slices, %s among them: a switch they use cannot be seen", n_unverified, unverified->name);
}

/* Many switches with one trouble are one line. */
static void check_ocses(struct ctl *ctl, struct status *s, const Heliostat__V1__ListOcsesResponse *ocses) {
    for (size_t i = 0; i < ocses->n_ocses; i++) {
        const Heliostat__V1__OcsStatus *o = ocses->ocses[i];
        unsigned before = 0, same = 0;
        for (size_t k = 0; k < ocses->n_ocses; k++)
            if (ocses->ocses[k]->state == o->state) {
                before += k < i;
                same++;
            }
        if (o->state == HELIOSTAT__V1__OCS_STATE__OCS_STATE_IN_SYNC || before)
            continue;
        const char *state = ctl_enum_word(&heliostat__v1__ocs_state__descriptor, (int)o->state);
        const char *cause = *o->cause ? ctl_text(ctl, ": %s", o->cause) : "";
        if (same == 1)
            need(s, "switch %s is %s%s", o->name, state, cause);
        else
            need(s, "%u switches are %s, %s among them%s. helioctl ocs list", same, state, o->name, cause);
    }
}

static void check_cubes(struct status *s, const Heliostat__V1__PodStatus *pod) {
    unsigned unknown = 0, shown = 0, more = 0;
    for (size_t i = 0; i < pod->n_cubes; i++) {
        const Heliostat__V1__CubeStatus *c = pod->cubes[i];
        if (c->health == HELIOSTAT__V1__HEALTH__HEALTH_UNKNOWN ||
            c->health == HELIOSTAT__V1__HEALTH__HEALTH_UNSPECIFIED) {
            unknown++;
        } else if (c->health != HELIOSTAT__V1__HEALTH__HEALTH_HEALTHY || c->unaccounted_circuit) {
            if (shown++ >= LINES_SHOWN)
                more++;
            else
                need(s, "cube %s is %s%s%s%s%s%s", c->name,
                     ctl_enum_word(&heliostat__v1__health__descriptor, (int)c->health),
                     *c->health_cause ? ": " : "", c->health_cause,
                     c->unaccounted_circuit ? ", carries an unaccounted circuit" : "",
                     *c->slice ? ", in slice " : "", c->slice);
        }
    }
    if (more)
        need(s, "%u more cubes are not well: helioctl cube list", more);
    if (unknown)
        need(s, "pod %s: the health of %u of %zu cubes is not known (their hosts do not report)", pod->name,
             unknown, pod->n_cubes);
}

static void check_alarms(struct status *s) {
    for (size_t i = 0; s->alarms && i < s->alarms->n_alarms; i++) {
        const Heliostat__V1__Alarm *a = s->alarms->alarms[i];
        unsigned before = 0, same = 0;
        for (size_t k = 0; k < s->alarms->n_alarms; k++)
            if (strcmp(s->alarms->alarms[k]->kind, a->kind) == 0) {
                before += k < i;
                same++;
            }
        if (before)
            continue;
        const char *object = *a->object ? a->object : a->pod, *todo = *a->what_to_do ? ". " : "";
        if (same == 1)
            need(s, "alarm %s %s: %s%s%s", a->kind, object, a->text, todo, a->what_to_do);
        else
            need(s, "alarm %s on %u, %s among them: %s%s%s. helioctl alarm list", a->kind, same, object,
                 a->text, todo, a->what_to_do);
    }
}

static void print_needs(struct ctl *ctl, struct status *s) {
    for (size_t i = 0; i < s->pods->n_pods; i++) {
        const Heliostat__V1__PodStatus *pod = s->pods->pods[i];
        if (pod->frozen)
            need(s, "pod %s is FROZEN, no mirror moves: %s. See helioctl pod diff %s, then pod thaw",
                 pod->name, pod->frozen_reason, pod->name);
        if (pod->restore)
            need(s, "pod %s is being restored%s: %s", pod->name,
                 pod->restore->held ? ", and the stage is HELD" : "", pod->restore->text);
        check_ocses(ctl, s, s->ocses[i]);
        check_cubes(s, pod);
    }
    check_slices(ctl, s);
    check_alarms(s);
    if (!s->needs)
        puts("\nNothing needs attention.");
}

/* Adds the elements of a list of an answer to the list of that name. */
static void add_list(json_t *all, const char *name, const void *answer) {
    char *text = NULL;
    json_t *list = json_object_get(all, name);
    if (!answer || proto_json_encode(answer, 0, &text))
        return;
    json_t *whole = json_loads(text, 0, NULL);
    json_array_extend(list, json_object_get(whole, name));
    json_decref(whole);
    free(text);
}

/* What pod list, slice list, ocs list and alarm list print, in one object. */
static int print_programs(struct ctl *ctl, const struct status *s) {
    json_t *all = json_pack("{s:[], s:[], s:[], s:[]}", "pods", "slices", "ocses", "alarms");
    add_list(all, "pods", s->pods);
    add_list(all, "slices", s->slices);
    for (size_t i = 0; i < s->pods->n_pods; i++)
        add_list(all, "ocses", s->ocses[i]);
    add_list(all, "alarms", s->alarms);
    int r =
        all ? json_dumpf(all, stdout, ctl->format == CTL_FORMAT_JSONL ? JSON_COMPACT : JSON_INDENT(2)) : -1;
    json_decref(all);
    putchar('\n');
    return r == 0 ? 0 : ctl_fail(ctl, CTL_EXIT_FAILED, "the status cannot be written as JSON");
}

static int status(struct ctl *ctl) {
    struct status s = {0};
    int exit_status = read_status(ctl, &s);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return print_programs(ctl, &s);
    print_pods(ctl, &s);
    if (ctl->format == CTL_FORMAT_NAME)
        return 0;
    print_slices(&s);
    print_needs(ctl, &s);
    return 0;
}

static const struct ctl_command commands[] = {
    {NULL,
     "Show pods, slices and what needs a person, on one screen",
     NULL,
     {{0}},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     status},
    {0},
};

const struct ctl_noun ctl_noun_status = {"status", "What there is and what needs a person, on one screen",
                                         commands};
