/* helioctl plan: recommendations. Nothing is changed by them. */
#include "ctl/client.h"
#include "ctl/error.h"
#include "ctl/json_value.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/snapshot.h"
#include "topology/advice.h"
#include "topology/defrag.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The parts of the pod's cubes; names[i] is the slice of part i. */
static unsigned collect_parts(const struct ctl_snapshot *snapshot, struct topo_part *parts,
                              const char **names) {
    unsigned n = 0;
    for (size_t i = 0; i < snapshot->message->n_slices && n < TOPO_DEFRAG_PARTS_MAX; i++) {
        const Heliostat__V1__Slice *slice = snapshot->message->slices[i];
        char error[200];
        if (slice->n_host_indices == 0 || slice->n_positions == 0 ||
            slice->state == HELIOSTAT__V1__SLICE_STATE__SLICE_STATE_FAILED ||
            topo_shape_parse(slice->topology, &parts[n].shape, error, sizeof(error)) != 0)
            continue;
        int cube = ctl_snapshot_cube(snapshot, slice->positions[0]->cube);
        if (cube < 0)
            continue;
        parts[n].cube = (uint16_t)cube;
        parts[n].hosts = 0;
        parts[n].fixed = slice->held;
        for (size_t h = 0; h < slice->n_host_indices; h++)
            parts[n].hosts |= (uint16_t)(1u << slice->host_indices[h] % TOPO_HOSTS_PER_CUBE);
        names[n++] = slice->name;
    }
    return n;
}

static char *host_list(struct ctl *ctl, unsigned hosts) {
    char *text = "";
    for (unsigned host = 0; host < TOPO_HOSTS_PER_CUBE; host++)
        if (hosts >> host & 1)
            text = ctl_text(ctl, "%s%s%u", text, *text ? "," : "", host);
    return text;
}

static char *freed_list(struct ctl *ctl, const struct ctl_snapshot *snapshot,
                        const struct topo_cube_set *freed) {
    char *text = "";
    for (unsigned cube = 0; cube < snapshot->wiring.n_cubes; cube++)
        if (topo_set_has(freed, cube))
            text = ctl_text(ctl, "%s%s%s", text, *text ? ", " : "", ctl_snapshot_cube_name(snapshot, cube));
    return text;
}

static int print_defrag(struct ctl *ctl, const struct ctl_snapshot *snapshot, const struct topo_part *parts,
                        const char **names, const struct topo_defrag_plan *plan) {
    static const struct ctl_column columns[] = {
        {"STEP", CTL_COLUMN_RIGHT}, {"SLICE"}, {"TOPOLOGY"}, {"FROM"}, {"TO"}, {"HOSTS"}};
    struct ctl_table table;
    json_t *moves = json_array();
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (unsigned i = 0; i < plan->n_moves; i++) {
        const struct topo_part_move *move = &plan->moves[i];
        const char *from = ctl_snapshot_cube_name(snapshot, parts[move->part].cube);
        const char *to = ctl_snapshot_cube_name(snapshot, move->to.cube),
                   *hosts = host_list(ctl, move->to.hosts);
        char topology[64];
        topo_shape_format(&parts[move->part].shape, topology, sizeof(topology));
        ctl_table_cell(&table, "%u", i + 1);
        ctl_table_cell(&table, "%s", names[move->part]);
        ctl_table_cell(&table, "%s", topology);
        ctl_table_cell(&table, "%s", from);
        ctl_table_cell(&table, "%s", to);
        ctl_table_cell(&table, "%s", hosts);
        json_array_append_new(moves, json_pack("{s:s, s:s, s:s, s:s}", "slice", names[move->part], "topology",
                                               topology, "from", from, "to", to));
    }
    const char *freed = freed_list(ctl, snapshot, &plan->freed);
    int exit_status = 0;
    if (ctl_wants_json(ctl)) {
        exit_status =
            ctl_print_value(ctl, json_pack("{s:o, s:s, s:b, s:i}", "moves", moves, "freed", freed, "proven",
                                           plan->proven, "movesAtLeast", (int)plan->moves_at_least));
    } else {
        json_decref(moves);
        ctl_show_table(ctl, &table);
        ctl_say(ctl, "\nThen free: %s. %s Each move: slice swap NAME --cube FROM --with TO.", freed,
                plan->proven ? "No plan has fewer moves."
                             : ctl_text(ctl, "At least %u moves are needed.", plan->moves_at_least));
    }
    ctl_table_deinit(&table);
    return exit_status;
}

static int plan_defrag(struct ctl *ctl) {
    struct ctl_snapshot *snapshot;
    struct topo_part *parts = ctl_alloc(ctl, sizeof(*parts) * TOPO_DEFRAG_PARTS_MAX);
    const char **names = ctl_alloc(ctl, sizeof(*names) * TOPO_DEFRAG_PARTS_MAX);
    struct topo_defrag_plan plan;
    struct topo_refusal refusal;
    int64_t wanted = ctl_flag_number(ctl, "free-cubes", 1);
    int exit_status = ctl_read_snapshot(ctl, ctl_flag_text_or(ctl, "pod", ""), &snapshot);
    if (exit_status)
        return exit_status;
    if (wanted < 1 || wanted > snapshot->wiring.n_cubes)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--free-cubes: %lld is not 1 to %u, the cubes of pod %s",
                        (long long)wanted, snapshot->wiring.n_cubes, snapshot->pod_name);
    unsigned n = collect_parts(snapshot, parts, names);
    int r = topo_defrag(&snapshot->pod, parts, n, (unsigned)wanted, 0, &plan, &refusal);
    if (r == TOPO_REFUSED) {
        int status = refusal.reason == TOPO_REASON_INVALID_ARGUMENT ? CTL_EXIT_REFUSED : CTL_EXIT_NOT_NOW;
        Heliostat__V1__Refusal said = HELIOSTAT__V1__REFUSAL__INIT;
        said.text = ctl_text(ctl, "%s [%s]", refusal.text, topo_reason_name(refusal.reason));
        said.would_fit_if = refusal.would_fit_if;
        ctl_print_refusal(ctl, status, said.text, NULL, &said);
        return status;
    }
    if (r)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "no plan: %s", strerror(-r));
    return print_defrag(ctl, snapshot, parts, names, &plan);
}

static bool read_share(const char *text, double *ret_share) {
    char *end;
    *ret_share = strtod(text, &end);
    return *text && !*end && *ret_share >= 0 && *ret_share <= 1;
}

static int read_pattern(struct ctl *ctl, int64_t chips, struct topo_pattern *ret_pattern) {
    struct topo_pattern pattern = {.n_groups = 0};
    size_t n;
    char **groups = ctl_flag_list(ctl, "all-reduce", &n);
    const char *share = ctl_flag_text_or(ctl, "all-to-all", n ? "0" : "1");
    if (!read_share(share, &pattern.all_to_all))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--all-to-all: \"%s\" is no share between 0 and 1", share);
    if (n > TOPO_GROUPS_MAX)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--all-reduce: %zu groups; at most %d are taken", n,
                        TOPO_GROUPS_MAX);
    for (size_t i = 0; i < n; i++) {
        int64_t size;
        if (!ctl_parse_number(groups[i], &size) || size < 1 || size > chips)
            return ctl_fail(ctl, CTL_EXIT_USAGE,
                            "--all-reduce: \"%s\" is no number of chips between 1 and %lld", groups[i],
                            (long long)chips);
        pattern.group_size[pattern.n_groups] = (unsigned)size;
        pattern.group_weight[pattern.n_groups++] = (1 - pattern.all_to_all) / (double)n;
    }
    *ret_pattern = pattern;
    return 0;
}

static int read_request(struct ctl *ctl, const struct ctl_snapshot *snapshot, struct topo_request *request) {
    size_t n;
    char **exclude = ctl_flag_list(ctl, "exclude", &n);
    for (size_t i = 0; i < n; i++) {
        int cube = ctl_snapshot_cube(snapshot, exclude[i]);
        if (cube < 0)
            return ctl_fail(ctl, CTL_EXIT_NOT_FOUND, "--exclude: there is no cube %s in pod %s", exclude[i],
                            snapshot->pod_name);
        topo_set_add(&request->exclude, (unsigned)cube);
    }
    request->use_spares = ctl_has(ctl, "use-spares");
    return 0;
}

static char *time_text(struct ctl *ctl, double time) {
    return isinf(time) ? "does not lie along dimensions" : ctl_text(ctl, "%.4f", time);
}

static json_t *json_time(double time) {
    return isinf(time) ? json_null() : json_real(time);
}

static int print_advice(struct ctl *ctl, const struct topo_advice *advice, int n) {
    static const struct ctl_column columns[] = {{"TOPOLOGY"},
                                                {"TIME", CTL_COLUMN_RIGHT},
                                                {"AGAINST BEST", CTL_COLUMN_RIGHT},
                                                {"ALL-REDUCE", CTL_COLUMN_RIGHT},
                                                {"ALL-TO-ALL", CTL_COLUMN_RIGHT}};
    struct ctl_table table;
    json_t *list = json_array();
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (int i = 0; i < n; i++) {
        const struct topo_advice *a = &advice[i];
        char topology[64];
        topo_shape_format(&a->shape, topology, sizeof(topology));
        ctl_table_cell(&table, "%s", topology);
        ctl_table_cell(&table, "%s", time_text(ctl, a->time));
        ctl_table_cell(
            &table, "%s",
            isinf(a->time) || advice[0].time <= 0 ? "" : ctl_text(ctl, "%.2fx", a->time / advice[0].time));
        ctl_table_cell(&table, "%s", time_text(ctl, a->all_reduce_time));
        ctl_table_cell(&table, "%s", time_text(ctl, a->all_to_all_time));
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o}", "topology", topology, "time",
                                        json_time(a->time), "allReduceTime", json_time(a->all_reduce_time),
                                        "allToAllTime", json_time(a->all_to_all_time)));
    }
    int exit_status = 0;
    if (ctl_wants_json(ctl)) {
        exit_status = ctl_print_value(ctl, json_pack("{s:o}", "advice", list));
    } else {
        json_decref(list);
        ctl_show_table(ctl, &table);
        ctl_say(ctl,
                "\nTimes are for one byte of the pattern on each chip, in bytes per link bandwidth; less is "
                "better. Only shapes that fit now are listed.");
    }
    ctl_table_deinit(&table);
    return exit_status;
}

static int plan_advise(struct ctl *ctl) {
    struct ctl_snapshot *snapshot;
    struct topo_request *request = ctl_alloc(ctl, sizeof(*request));
    struct topo_advice *advice = ctl_alloc(ctl, sizeof(*advice) * TOPO_ADVICE_MAX);
    struct topo_pattern pattern;
    int64_t chips = ctl_flag_number(ctl, "chips", 0);
    if (chips < 64 || chips > TOPO_CUBES_MAX * 64)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--chips: %lld is not 64 to %d, in whole cubes of 64",
                        (long long)chips, TOPO_CUBES_MAX * 64);
    int exit_status = read_pattern(ctl, chips, &pattern);
    if (exit_status == 0)
        exit_status = ctl_read_snapshot(ctl, ctl_flag_text_or(ctl, "pod", ""), &snapshot);
    if (exit_status == 0)
        exit_status = read_request(ctl, snapshot, request);
    if (exit_status)
        return exit_status;
    int n = topo_advise(&snapshot->pod, request, (unsigned)chips, &pattern, advice);
    if (n < 0)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "no advice: %s", strerror(-n));
    if (n == 0)
        return ctl_fail(ctl, CTL_EXIT_NOT_NOW, "no shape of %lld chips fits now; see explain request",
                        (long long)chips);
    return print_advice(ctl, advice, n);
}

static const struct ctl_flag defrag_flags[] = {
    {"free-cubes", 0, CTL_VALUE_NUMBER, "N", .required = true,
     .help = "How many whole cubes are to become free"},
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {0},
};

static const struct ctl_flag advise_flags[] = {
    {"chips", 0, CTL_VALUE_NUMBER, "CHIPS", .required = true, .help = "Size of the slice, in chips"},
    {"all-reduce", 0, CTL_VALUE_LIST, "SIZES",
     .help = "Groups of this many chips that reduce among themselves: 8,64"},
    {"all-to-all", 0, CTL_VALUE_TEXT, "SHARE",
     .help =
         "Share of the traffic that goes from all to all, 0 to 1; the groups have the rest in equal parts"},
    {"exclude", 0, CTL_VALUE_LIST, "CUBES", .object = CTL_OBJECT_CUBE, .help = "Not these cubes"},
    {"use-spares", 0, CTL_VALUE_NONE, .help = "Spare cubes may be taken"},
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {0},
};

static const struct ctl_command commands[] = {
    {"defrag",
     "Say which parts of cubes to move together so that whole cubes become free",
     "A recommendation: the fewest moves; nothing is moved.",
     {{0}},
     defrag_flags,
     0,
     NULL,
     plan_defrag},
    {"advise",
     "Rank the shapes that fit now by a job's own communication",
     "For example: plan advise --chips 512 --all-reduce 8,64 --all-to-all 0.3",
     {{0}},
     advise_flags,
     0,
     NULL,
     plan_advise},
    {0},
};

const struct ctl_noun ctl_noun_plan = {"plan", "Recommendations; nothing is changed", commands};
