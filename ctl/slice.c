/* helioctl slice */
#include "ctl/slice.h"
#include "ctl/client.h"
#include "ctl/maintenance.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/slice_flags.h"
#include "ctl/word.h"
#include <string.h>

int ctl_read_slice(struct ctl *ctl, const char *name, Heliostat__V1__GetSliceResponse **ret_response) {
    Heliostat__V1__GetSliceRequest request = HELIOSTAT__V1__GET_SLICE_REQUEST__INIT;
    request.name = (char *)name;
    int exit_status = ctl_call(ctl, "SliceService/GetSlice", &request.base,
                               &heliostat__v1__get_slice_response__descriptor, ret_response);
    if (exit_status == 0 && !(*ret_response)->slice)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "the answer holds no slice");
    return exit_status;
}

static const struct ctl_column list_columns[] = {
    {"NAME"},
    {"TOPOLOGY"},
    {"STATE"},
    {"QUALIFIED"},
    {"CHIPS", CTL_COLUMN_RIGHT},
    {"CUBES", CTL_COLUMN_RIGHT},
    {"MISSING", CTL_COLUMN_RIGHT | CTL_COLUMN_WHERE_GIVEN},
    {"GEN", CTL_COLUMN_RIGHT},
    {"POD"},
    {"OWNER"},
    {"UID", CTL_COLUMN_RIGHT | CTL_COLUMN_WIDE},
    {"DISRUPTION", CTL_COLUMN_WIDE},
    {"CREATED", CTL_COLUMN_WIDE},
    {"NOTE", CTL_COLUMN_WHERE_GIVEN},
};

static char *note_of(struct ctl *ctl, const Heliostat__V1__Slice *slice) {
    const char *held = slice->held                 ? "held: see slice release-hold"
                       : slice->pending_disruption ? "waits to be moved: see slice get"
                       : slice->orphaned           ? "orphaned: its lease ran out"
                                                   : "";
    const char *unverified = *slice->unverified_since ? "not verified since " : "";
    return ctl_text(ctl, "%s%s%s%s%s%s", held, *held && *unverified ? "; " : "", unverified,
                    slice->unverified_since, (*held || *unverified) && *slice->cause ? "; " : "",
                    slice->cause);
}

static void fill_list(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListSlicesResponse *response = message;
    for (size_t i = 0; i < response->n_slices; i++) {
        const Heliostat__V1__Slice *s = response->slices[i];
        ctl_table_cell(table, "%s", s->name);
        ctl_table_cell(table, "%s", s->topology);
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)s->state));
        ctl_table_cell(table, "%s", ctl_enum_word(&heliostat__v1__qualified__descriptor, (int)s->qualified));
        ctl_table_cell(table, "%u", s->chips);
        ctl_table_cell(table, "%zu", s->n_positions);
        ctl_table_cell(table, "%.0zu", s->n_missing_links);
        ctl_table_cell(table, "%lld", (long long)s->generation);
        ctl_table_cell(table, "%s", s->pod);
        ctl_table_cell(table, "%s", s->owner);
        ctl_table_cell(table, "%lld", (long long)s->uid);
        ctl_table_cell(table, "%s",
                       ctl_enum_word(&heliostat__v1__disruption__descriptor, (int)s->disruption));
        ctl_table_cell(table, "%s", s->created_at);
        ctl_table_cell(table, "%s", note_of(ctl, s));
    }
}

static int slice_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(list_columns, fill_list, "no slices");
    Heliostat__V1__ListSlicesRequest request = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    Heliostat__V1__ListSlicesResponse *response;
    request.pod = ctl_flag_text_or(ctl, "pod", "");
    int exit_status = ctl_call(ctl, "SliceService/ListSlices", &request.base,
                               &heliostat__v1__list_slices_response__descriptor, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static void print_deletion(struct ctl *ctl, const Heliostat__V1__DeletionPlan *plan) {
    ctl_say(ctl, "  %u circuits stay as they are, dark, for the next slice; %u are removed",
            plan->circuits_stay_dark, plan->circuits_removed);
    for (size_t i = 0; i < plan->n_freed; i++)
        ctl_say(ctl, "  becomes free: %s", plan->freed[i]);
    for (size_t i = 0; i < plan->n_closed; i++)
        ctl_say(ctl, "  does not become free: %s", plan->closed[i]);
    ctl_say(ctl, "Nothing was changed.");
}

static int slice_delete(struct ctl *ctl) {
    Heliostat__V1__DeleteSliceRequest request = HELIOSTAT__V1__DELETE_SLICE_REQUEST__INIT;
    Heliostat__V1__DeleteSliceResponse *response;
    Heliostat__V1__GetSliceResponse *before;
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.uid = ctl_flag_number(ctl, "uid", 0);
    int exit_status = 0;
    if (ctl_would_ask(ctl)) {
        exit_status = ctl_read_slice(ctl, request.name, &before);
        if (exit_status)
            return exit_status;
        exit_status =
            ctl_ask(ctl, "Deleting %s takes %u chips on %zu cubes away from its job (owner %s, %s).",
                    request.name, before->slice->chips, before->slice->n_positions, before->slice->owner,
                    ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)before->slice->state));
    } else {
        exit_status = ctl_ask(ctl, "deleting %s ends whatever job runs on it", request.name);
    }
    if (exit_status)
        return exit_status;
    exit_status = ctl_call(ctl, "SliceService/DeleteSlice", &request.base,
                           &heliostat__v1__delete_slice_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    if (ctl->format == CTL_FORMAT_NAME)
        puts(request.name);
    ctl_say(ctl, request.mutation->validate_only ? "%s would be deleted" : "%s deleted", request.name);
    if (response->deletion)
        print_deletion(ctl, response->deletion);
    return 0;
}

static int slice_release_hold(struct ctl *ctl) {
    Heliostat__V1__ReleaseHoldRequest request = HELIOSTAT__V1__RELEASE_HOLD_REQUEST__INIT;
    Heliostat__V1__ReleaseHoldResponse *response;
    bool keep = ctl_has(ctl, "keep"), rederive = ctl_has(ctl, "rederive");
    if (keep == rederive)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "give one of --keep and --rederive");
    request.mutation = ctl_mutation(ctl);
    request.name = ctl_positional(ctl, 0);
    request.action = keep ? HELIOSTAT__V1__HOLD_ACTION__HOLD_ACTION_KEEP
                          : HELIOSTAT__V1__HOLD_ACTION__HOLD_ACTION_REDERIVE;
    int exit_status = ctl_ask(
        ctl,
        keep ? "%s keeps the circuits it has, and they become what is intended."
             : "The circuits of %s are derived anew from the fiber table: mirrors of a live slice move.",
        request.name);
    if (exit_status)
        return exit_status;
    exit_status = ctl_call(ctl, "SliceService/ReleaseHold", &request.base,
                           &heliostat__v1__release_hold_response__descriptor, &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%s is no longer held", request.name);
    return 0;
}

#define SLICE_NAME                                                                                           \
    { "NAME", false, CTL_OBJECT_SLICE, "Name of the slice" }

static const struct ctl_flag create_flags[] = {
    CTL_SPEC_FLAGS,
    {"lease", 0, CTL_VALUE_SECONDS, "TIME",
     .help = "It is orphaned unless it is renewed within this time; mirrors stay (default: no lease)"},
    {"lease-grace", 0, CTL_VALUE_SECONDS, "TIME",
     .help = "An orphan is released after this time if no process uses its chips (default: never)"},
    {"file", 'f', CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "Several slices, all or none: {\"specs\": [{\"name\", \"topology\", ...}]} as in "
             "CreateSlicesRequest; "
             "- for standard input"},
    {0},
};

#define FOR_FLAG                                                                                             \
    { "for", 0, CTL_VALUE_SECONDS, "TIME", .required = true, .help = "How long, from now; at most a day" }
#define UID_FLAG                                                                                             \
    { "uid", 0, CTL_VALUE_NUMBER, "UID", .help = "Only if the slice of that name has this uid" }

static const struct ctl_flag reserve_flags[] = {CTL_SPEC_FLAGS, FOR_FLAG, {0}};
static const struct ctl_flag extend_flags[] = {FOR_FLAG, UID_FLAG, {0}};
static const struct ctl_flag activate_flags[] = {
    {"connect-timeout", 0, CTL_VALUE_SECONDS, "TIME",
     .help = "Give the cubes back if the mirrors are not ready by then (default: the daemon's setting)"},
    {"keep-partial", 0, CTL_VALUE_NONE, .help = "Keep those that are connected when others are not"},
    UID_FLAG,
    {0},
};

static const struct ctl_flag list_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only of this pod"},
    {0},
};

static const struct ctl_flag accept_flags[] = {
    {"with", 0, CTL_VALUE_LIST, "CUBE", .object = CTL_OBJECT_CUBE,
     .help = "Cubes to put in instead of those that are held, in the order in which `slice get` shows them"},
    {"uid", 0, CTL_VALUE_NUMBER, "UID", .help = "Only if the slice of that name has this uid"},
    {0},
};

static const struct ctl_flag delete_flags[] = {
    {"uid", 0, CTL_VALUE_NUMBER, "UID", .help = "Only if the slice of that name has this uid"},
    {0},
};

static const struct ctl_flag swap_flags[] = {
    {"cube", 0, CTL_VALUE_LIST, "CUBE", .required = true, .object = CTL_OBJECT_CUBE,
     .help = "The cube to take out"},
    {"with", 0, CTL_VALUE_LIST, "CUBE", .object = CTL_OBJECT_CUBE,
     .help = "The cube to put in, in the order of --cube (default: chosen)"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "Move circuits although the owner was not asked"},
    {"use-spares", 0, CTL_VALUE_NONE, .help = "Spare cubes may be taken"},
    {"uid", 0, CTL_VALUE_NUMBER, "UID", .help = "Only if the slice of that name has this uid"},
    {0},
};

static const struct ctl_flag env_flags[] = {
    {"host", 0, CTL_VALUE_TEXT, "HOST", .required = true,
     .help = "Node name, or POD/cube-07/host-03, or rank"},
    {0},
};

static const struct ctl_flag hold_flags[] = {
    {"keep", 0, CTL_VALUE_NONE, .help = "What stands is what is intended"},
    {"rederive", 0, CTL_VALUE_NONE, .help = "Turn the mirrors to what the fiber table says now"},
    {0},
};

static const struct ctl_flag adopt_flags[] = {
    {"topology", 't', CTL_VALUE_TEXT, "TOPOLOGY", .required = true, .help = "What the circuits form: 8x8x8"},
    {"cube", 0, CTL_VALUE_TEXT, "CUBE", .required = true, .object = CTL_OBJECT_CUBE,
     .help = "The cube at position 0; the others follow from the circuits"},
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},
    {"tolerate-missing", 0, CTL_VALUE_LIST, "LINKS",
     .help = "Links that may be missing: one number for every dimension, or x,y,z (default 0)"},
    {"label", 'l', CTL_VALUE_TEXT, "KEY=VALUE", .repeatable = true, .help = "A label"},
    {"disruption", 0, CTL_VALUE_TEXT, "WHEN", "ask|anytime",
     .help = "When its circuits may be moved: after its owner agreed, or at once (default ask)"},
    {0},
};

static const struct ctl_flag reshape_flags[] = {
    {"topology", 't', CTL_VALUE_TEXT, "TOPOLOGY", .required = true, .help = "What it shall be: 8x8x16"},
    {"exclude", 0, CTL_VALUE_LIST, "CUBES", .object = CTL_OBJECT_CUBE, .help = "Not these cubes"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "Move circuits although the owner was not asked"},
    {"use-spares", 0, CTL_VALUE_NONE, .help = "Spare cubes may be taken"},
    {"uid", 0, CTL_VALUE_NUMBER, "UID", .help = "Only if the slice of that name has this uid"},
    {0},
};

static const struct ctl_flag retwist_flags[] = {
    {"topology", 't', CTL_VALUE_TEXT, "TOPOLOGY", .required = true,
     .help = "The same shape, 4x4x8_twisted or 4x4x8_untwisted"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "Move circuits although the owner was not asked"},
    {"uid", 0, CTL_VALUE_NUMBER, "UID", .help = "Only if the slice of that name has this uid"},
    {0},
};

static const struct ctl_flag get_flags[] = {
    {"analyze", 0, CTL_VALUE_NONE,
     .help = "Also distances, link loads, rings, bisection, and what missing links cost"},
    {0},
};

static const struct ctl_command commands[] = {
    {"create",
     "Get a slice from free cubes and connect it",
     "Cubes are chosen wherever they stand. The command returns when the slice can be used; --no-wait "
     "returns as "
     "soon as the change is durable.",
     {{"NAME", true, CTL_OBJECT_OTHER, "Name of the new slice; left out with --file"}},
     create_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_slice_create},
    {"reserve",
     "Hold cubes for a time without moving a mirror",
     "The reservation has a name and cubes like a slice. `slice activate` connects it; when its time is "
     "over, "
     "or after `slice delete`, the cubes are free again.",
     {{"NAME", false, CTL_OBJECT_OTHER, "Name of the new slice"}},
     reserve_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_slice_reserve},
    {"activate",
     "Connect reserved slices, all of them or none",
     NULL,
     {{"NAME", false, CTL_OBJECT_SLICE, "Names of the reservations", true}},
     activate_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_slice_activate},
    {"extend",
     "Let a reservation last longer, or shorter",
     NULL,
     {SLICE_NAME},
     extend_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_slice_extend},
    {"list", "List slices", NULL, {{0}}, list_flags, CTL_FLAGS_WATCH, NULL, slice_list},
    {"get", "Show one slice", NULL, {SLICE_NAME}, get_flags, CTL_FLAGS_WATCH, NULL, ctl_slice_get},
    {"hosts",
     "List the hosts of a slice in rank order",
     NULL,
     {SLICE_NAME},
     NULL,
     CTL_FLAGS_WATCH,
     "hostfile",
     ctl_slice_hosts},
    {"env",
     "Print what a job on one host needs to know, as shell lines",
     NULL,
     {SLICE_NAME},
     env_flags,
     0,
     NULL,
     ctl_slice_env},
    {"delete",
     "Give the cubes of a slice back",
     "Circuits between healthy cubes stay in place until they are needed.",
     {SLICE_NAME},
     delete_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     slice_delete},
    {"swap",
     "Replace cubes of a slice, the others stay connected",
     NULL,
     {SLICE_NAME},
     swap_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_slice_swap},
    {"resize",
     "Give a slice another size or shape, with the fewest changes",
     "What lies in both shapes stays connected where that moves fewer mirrors. The slice keeps its name, uid "
     "and "
     "labels and gets a new generation.",
     {SLICE_NAME},
     reshape_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_slice_resize},
    {"retwist",
     "Close the rings of a slice with an offset, or without",
     NULL,
     {SLICE_NAME},
     retwist_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_slice_retwist},
    {"adopt",
     "Take circuits that no slice explains over as a slice; no mirror moves",
     NULL,
     {{"NAME", false, CTL_OBJECT_OTHER, "Name of the new slice"}},
     adopt_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_slice_adopt},
    {"accept-disruption",
     "Say that what waits to be moved may move now",
     "For the owner: the job is stopped or at a checkpoint. The cubes that are held for the slice take the "
     "places of "
     "those that have to leave.",
     {SLICE_NAME},
     accept_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_slice_accept_disruption},
    {"renew",
     "Let the lease of a slice begin anew",
     NULL,
     {SLICE_NAME},
     delete_flags,
     CTL_FLAGS_MUTATION,
     NULL,
     ctl_slice_renew},
    {"release-hold",
     "Decide about a slice whose circuits would be derived otherwise now",
     NULL,
     {SLICE_NAME},
     hold_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     slice_release_hold},
    {"allow",
     "The owner's word: the links of the slice over what is under maintenance may go",
     NULL,
     {SLICE_NAME, {"OBJECT", false, CTL_OBJECT_OTHER, "A cube, host, fiber, port or switch"}},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_slice_allow},
    {0},
};

const struct ctl_noun ctl_noun_slice = {"slice", "The chips a job gets", commands};
