/* helioctl verify: reads everything, has it proved, and says what was found. */
#include "ctl/verify/verify.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/word.h"
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define READ_ATTEMPTS 10     /* until nothing changed while it was read; then what did counts as in flight */
#define LIGHT_SETTLE_MS 6000 /* how long a host's report may be older than the mirrors */
#define LIGHT_TURN_MS 250
#define PROBLEMS_SHOWN 40

struct reading {
    Heliostat__V1__GetPodResponse *pod;
    Heliostat__V1__ListSlicesResponse *slices;
};

struct verified {
    Heliostat__V1__ListCircuitsResponse *circuits;
    struct verify_report report;
    const char *pod;
};

static int read_state(struct ctl *ctl, char *pod, struct reading *ret) {
    Heliostat__V1__ListSlicesRequest slices = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    Heliostat__V1__GetPodRequest get = HELIOSTAT__V1__GET_POD_REQUEST__INIT;
    slices.pod = get.pod = pod;
    int exit_status = ctl_call(ctl, "SliceService/ListSlices", &slices.base,
                               &heliostat__v1__list_slices_response__descriptor, &ret->slices);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "PodService/GetPod", &get.base,
                               &heliostat__v1__get_pod_response__descriptor, &ret->pod);
    if (exit_status == 0 && !ret->pod->pod)
        exit_status = ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no pod");
    return exit_status;
}

static const Heliostat__V1__Slice *find_slice(const Heliostat__V1__ListSlicesResponse *slices,
                                              const char *name) {
    for (size_t i = 0; i < slices->n_slices; i++)
        if (strcmp(slices->slices[i]->name, name) == 0)
            return slices->slices[i];
    return NULL;
}

/* The same intent. Not by generation: that moves too when a link is lost or found again, and the switches are
 * right or wrong all the same. */
static bool is_same(const Heliostat__V1__Slice *before, const Heliostat__V1__Slice *after) {
    if (!after || before->uid != after->uid || strcmp(before->topology, after->topology) != 0 ||
        before->n_positions != after->n_positions || verify_is_moving(before) != verify_is_moving(after))
        return false;
    for (size_t i = 0; i < before->n_positions; i++)
        if (before->positions[i]->index != after->positions[i]->index ||
            strcmp(before->positions[i]->cube, after->positions[i]->cube) != 0)
            return false;
    return true;
}

/* in_flight[i] for what changed; false when something did. */
static bool compare(const struct reading *before, const struct reading *after, bool *in_flight) {
    bool same = before->slices->n_slices == after->slices->n_slices;
    for (size_t i = 0; i < before->slices->n_slices; i++) {
        const Heliostat__V1__Slice *slice = before->slices->slices[i];
        in_flight[i] = !is_same(slice, find_slice(after->slices, slice->name));
        same = same && !in_flight[i];
    }
    return same;
}

static int run_once(struct ctl *ctl, char *pod, struct verified *ret, bool *ret_same) {
    struct reading before, after;
    Heliostat__V1__ExportInventoryRequest ask_inventory = HELIOSTAT__V1__EXPORT_INVENTORY_REQUEST__INIT;
    Heliostat__V1__ExportInventoryResponse *inventory;
    Heliostat__V1__ListCircuitsRequest ask_circuits = HELIOSTAT__V1__LIST_CIRCUITS_REQUEST__INIT;
    Heliostat__V1__ListLinksRequest ask_links = HELIOSTAT__V1__LIST_LINKS_REQUEST__INIT;
    Heliostat__V1__ListLinksResponse *links;
    ask_inventory.pod = ask_circuits.pod = ask_links.pod = pod;
    ask_circuits.read_back = true;
    int exit_status = read_state(ctl, pod, &before);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "InventoryService/ExportInventory", &ask_inventory.base,
                               &heliostat__v1__export_inventory_response__descriptor, &inventory);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "CircuitService/ListCircuits", &ask_circuits.base,
                               &heliostat__v1__list_circuits_response__descriptor, &ret->circuits);
    if (exit_status == 0)
        exit_status = ctl_call(ctl, "HostService/ListLinks", &ask_links.base,
                               &heliostat__v1__list_links_response__descriptor, &links);
    if (exit_status == 0)
        exit_status = read_state(ctl, pod, &after);
    if (exit_status)
        return exit_status;
    if (!inventory->inventory || inventory->inventory->n_pods != 1)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no inventory of pod %s", pod);
    bool *in_flight = ctl_alloc(ctl, (before.slices->n_slices + 1) * sizeof(*in_flight));
    *ret_same = compare(&before, &after, in_flight);
    struct verify_input input = {
        inventory->inventory->pods[0], before.pod->pod, before.slices->slices, in_flight,
        before.slices->n_slices,       ret->circuits,   links->links,          links->n_links};
    verify_report_deinit(&ret->report);
    int r = verify_run(&input, &ret->report);
    return r == 0 ? 0
                  : ctl_fail(ctl, CTL_EXIT_FAILED, "pod %s: %s", pod,
                             r == -ENOMEM ? "out of memory" : "the inventory is none");
}

static int run_until_still(struct ctl *ctl, char *pod, struct verified *verified) {
    bool same = false;
    int exit_status = 0;
    for (unsigned i = 0; i < READ_ATTEMPTS && !same && exit_status == 0; i++)
        exit_status = run_once(ctl, pod, verified, &same);
    return exit_status;
}

static bool is_qualified(const struct verify_report *report, const char *name) {
    for (size_t i = 0; i < report->n_slices; i++)
        if (strcmp(report->slices[i].slice->name, name) == 0)
            return report->slices[i].slice->qualified >= HELIOSTAT__V1__QUALIFIED__QUALIFIED_PASSED;
    return false;
}

/* True while a problem may be nothing but an old report: the hosts have not confirmed the slice since its
 * mirrors moved, or the end is of no slice. Dark is also what a host's links are until it reports to a daemon
 * that was just started, and a link that went dark is listed as missing soon after. */
static bool may_settle(const struct verify_report *report) {
    for (size_t i = 0; i < report->n_problems; i++) {
        const struct verify_problem *p = &report->problems[i];
        if (p->kind == VERIFY_DARK || (verify_kind_is_light(p->kind) && !is_qualified(report, p->slices[0])))
            return true;
    }
    return false;
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int verify_pod(struct ctl *ctl, char *pod, struct verified *verified) {
    int64_t until_ms = now_ms() + LIGHT_SETTLE_MS;
    verified->pod = pod;
    int exit_status = run_until_still(ctl, pod, verified);
    while (exit_status == 0 && may_settle(&verified->report) && now_ms() < until_ms) {
        poll(NULL, 0, LIGHT_TURN_MS);
        exit_status = run_until_still(ctl, pod, verified);
    }
    return exit_status;
}

/* With --slice: what concerns that slice. */
static bool is_wanted(const struct verify_problem *problem, const char *slice) {
    return !*slice || strcmp(problem->slices[0], slice) == 0 || strcmp(problem->slices[1], slice) == 0;
}

static size_t count_problems(const struct verified *verified, size_t n, const char *slice) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < verified[i].report.n_problems; p++)
            count += is_wanted(&verified[i].report.problems[p], slice);
    return count;
}

static const struct ctl_column columns[] = {
    {"SLICE"},
    {"TOPOLOGY"},
    {"STATE"},
    {"VERDICT"},
    {"LINKS", CTL_COLUMN_RIGHT},
    {"BY LIGHT", CTL_COLUMN_RIGHT},
    {"BY RECORD", CTL_COLUMN_RIGHT},
    {"LISTED MISSING", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"NOT PROVED", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"WRONG", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
};

static void add_slice(struct ctl_table *table, const struct verify_slice *s) {
    ctl_table_cell(table, "%s", s->slice->name);
    ctl_table_cell(table, "%s", s->slice->topology);
    ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)s->slice->state));
    ctl_table_cell(table, "%s", verify_verdict_name(s->verdict));
    ctl_table_cell(table, "%u", s->links);
    ctl_table_cell(table, "%u", s->by_light);
    ctl_table_cell(table, "%u", s->by_record);
    ctl_table_cell(table, "%.0u", s->listed_missing);
    ctl_table_cell(table, "%.0u", s->unproved);
    ctl_table_cell(table, "%.0u", s->wrong);
}

static void print_slices(struct ctl *ctl, const struct verified *verified, size_t n, const char *slice) {
    struct ctl_table table;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < n; i++)
        for (size_t s = 0; s < verified[i].report.n_slices; s++)
            if (!*slice || strcmp(verified[i].report.slices[s].slice->name, slice) == 0)
                add_slice(&table, &verified[i].report.slices[s]);
    if (ctl_table_rows(&table))
        ctl_show_table(ctl, &table);
    ctl_table_deinit(&table);
}

static void print_pod(const struct verified *v) {
    printf("\nPod %s: %zu circuits read back", v->pod, v->report.circuits);
    if (v->circuits->n_unread_ocses)
        printf("; %zu switch%s cannot be read now, circuits there are as last read",
               v->circuits->n_unread_ocses, v->circuits->n_unread_ocses == 1 ? "" : "es");
    putchar('\n');
}

static void print_people(struct ctl *ctl, const struct verified *verified, size_t n, const char *slice) {
    size_t problems = count_problems(verified, n, slice), shown = 0;
    print_slices(ctl, verified, n, slice);
    if (ctl->format == CTL_FORMAT_NAME)
        return;
    for (size_t i = 0; i < n; i++)
        print_pod(&verified[i]);
    for (size_t i = 0; i < n; i++)
        for (size_t p = 0; p < verified[i].report.n_problems; p++) {
            const struct verify_problem *problem = &verified[i].report.problems[p];
            bool every = ctl->format == CTL_FORMAT_WIDE;
            if (is_wanted(problem, slice) && (shown++ < PROBLEMS_SHOWN || every))
                printf("%s%s: %s\n", shown == 1 ? "\n" : "", verify_kind_name(problem->kind), problem->text);
        }
    if (shown > PROBLEMS_SHOWN && ctl->format != CTL_FORMAT_WIDE)
        printf("... and %zu more (-o wide)\n", shown - PROBLEMS_SHOWN);
    if (problems)
        printf("\nNot proved: %zu problem%s.\n", problems, problems == 1 ? "" : "s");
    else
        puts("\nProved: every slice that is not in flight is exactly its torus, and every invariant holds.");
}

static json_t *problem_json(const struct verify_problem *p) {
    json_t *cubes = json_array(), *slices = json_array();
    for (unsigned i = 0; i < 2; i++) {
        if (*p->cubes[i])
            json_array_append_new(cubes, json_string(p->cubes[i]));
        if (*p->slices[i])
            json_array_append_new(slices, json_string(p->slices[i]));
    }
    return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:s}", "kind", verify_kind_name(p->kind), "ocs", p->ocs,
                     "a", (int)p->a, "b", (int)p->b, "cubes", cubes, "slices", slices, "text", p->text);
}

static json_t *slice_json(const struct verify_slice *s) {
    char uid[24], generation[24];
    snprintf(uid, sizeof(uid), "%lld", (long long)s->slice->uid);
    snprintf(generation, sizeof(generation), "%lld", (long long)s->slice->generation);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i}", "name", s->slice->name, "uid",
                     uid, "generation", generation, "topology", s->slice->topology, "verdict",
                     verify_verdict_name(s->verdict), "links", (int)s->links, "byLight", (int)s->by_light,
                     "byRecord", (int)s->by_record, "listedMissing", (int)s->listed_missing, "notProved",
                     (int)s->unproved, "wrong", (int)s->wrong);
}

static int print_programs(struct ctl *ctl, const struct verified *verified, size_t n, const char *slice) {
    json_t *slices = json_array(), *problems = json_array(), *unread = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct verify_report *report = &verified[i].report;
        for (size_t s = 0; s < report->n_slices; s++)
            if (!*slice || strcmp(report->slices[s].slice->name, slice) == 0)
                json_array_append_new(slices, slice_json(&report->slices[s]));
        for (size_t p = 0; p < report->n_problems; p++)
            if (is_wanted(&report->problems[p], slice))
                json_array_append_new(problems, problem_json(&report->problems[p]));
        for (size_t u = 0; u < verified[i].circuits->n_unread_ocses; u++)
            json_array_append_new(unread, json_string(verified[i].circuits->unread_ocses[u]));
    }
    json_t *all = json_pack("{s:b, s:o, s:o, s:o}", "ok", json_array_size(problems) == 0, "slices", slices,
                            "problems", problems, "unreadOcses", unread);
    int r =
        all ? json_dumpf(all, stdout, ctl->format == CTL_FORMAT_JSONL ? JSON_COMPACT : JSON_INDENT(2)) : -1;
    json_decref(all);
    putchar('\n');
    return r == 0 ? 0 : ctl_fail(ctl, CTL_EXIT_FAILED, "the report cannot be written as JSON");
}

/* The pods to look at: that of the slice, the one that is named, or all. */
static int choose_pods(struct ctl *ctl, const char *slice, char ***ret_pods, size_t *ret_n) {
    Heliostat__V1__ListPodsRequest request = HELIOSTAT__V1__LIST_PODS_REQUEST__INIT;
    Heliostat__V1__ListPodsResponse *pods;
    Heliostat__V1__GetSliceRequest get = HELIOSTAT__V1__GET_SLICE_REQUEST__INIT;
    Heliostat__V1__GetSliceResponse *found;
    *ret_n = 1;
    *ret_pods = ctl_alloc(ctl, sizeof(**ret_pods));
    if (*slice) {
        get.name = (char *)slice;
        int exit_status = ctl_call(ctl, "SliceService/GetSlice", &get.base,
                                   &heliostat__v1__get_slice_response__descriptor, &found);
        if (exit_status == 0 && !found->slice)
            return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no slice");
        if (exit_status == 0)
            (*ret_pods)[0] = found->slice->pod;
        return exit_status;
    }
    if (ctl_has(ctl, "pod")) {
        (*ret_pods)[0] = ctl_flag_text(ctl, "pod");
        return 0;
    }
    int exit_status = ctl_call(ctl, "PodService/ListPods", &request.base,
                               &heliostat__v1__list_pods_response__descriptor, &pods);
    if (exit_status)
        return exit_status;
    *ret_n = pods->n_pods;
    *ret_pods = ctl_alloc(ctl, pods->n_pods * sizeof(**ret_pods));
    for (size_t i = 0; i < pods->n_pods; i++)
        (*ret_pods)[i] = pods->pods[i]->name;
    return 0;
}

static int verify(struct ctl *ctl) {
    const char *slice = ctl_flag_text_or(ctl, "slice", "");
    char **pods;
    size_t n;
    int exit_status = choose_pods(ctl, slice, &pods, &n);
    if (exit_status)
        return exit_status;
    struct verified *verified = ctl_alloc(ctl, n * sizeof(*verified));
    for (size_t i = 0; i < n && exit_status == 0; i++)
        exit_status = verify_pod(ctl, pods[i], &verified[i]);
    if (exit_status == 0 && ctl_wants_json(ctl))
        exit_status = print_programs(ctl, verified, n, slice);
    else if (exit_status == 0)
        print_people(ctl, verified, n, slice);
    if (exit_status == 0 && count_problems(verified, n, slice))
        exit_status = CTL_EXIT_FAILED;
    for (size_t i = 0; i < n; i++)
        verify_report_deinit(&verified[i].report);
    return exit_status;
}

static const struct ctl_flag flags[] = {
    {"slice", 0, CTL_VALUE_TEXT, "SLICE", .object = CTL_OBJECT_SLICE,
     .help = "Only what concerns this slice"},
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only this pod (default: all)"},
    {0},
};

static const struct ctl_command commands[] = {
    {NULL,
     "Prove from device read-back and host reports that every slice is what it should be",
     "Every switch is read again. From the fiber table and the circuits the chips of each slice are followed "
     "to their "
     "neighbours and compared with the torus or twisted torus that its topology names; what hosts see at the "
     "far "
     "ends is compared too. BY LIGHT: a host confirms the far end. BY RECORD: fiber table and read-back "
     "only, where "
     "a mis-cabled fiber cannot be seen. IN_FLIGHT: mirrors are moving, neither right nor wrong. Exit status "
     "0: all "
     "proved; 1: something is broken, and it is named.",
     {{0}},
     flags,
     0,
     NULL,
     verify},
    {0},
};

const struct ctl_noun ctl_noun_verify = {"verify", "Prove that every slice is exactly its torus", commands};
