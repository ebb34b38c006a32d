#include "ctl/slice.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"
#include "ctl/wait.h"
#include "ctl/word.h"
#include "proto/json/json.h"
#include <string.h>

static int read_labels(struct ctl *ctl, Heliostat__V1__SliceSpec *spec) {
    size_t n;
    char **texts = ctl_flag_list(ctl, "label", &n);
    spec->labels = ctl_alloc(ctl, n * sizeof(*spec->labels));
    for (size_t i = 0; i < n; i++) {
        Heliostat__V1__Label *label = ctl_alloc(ctl, sizeof(*label));
        char *equals = strchr(texts[i], '=');
        if (!equals || equals == texts[i])
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--label: \"%s\" is not KEY=VALUE", texts[i]);
        heliostat__v1__label__init(label);
        *equals = 0;
        label->key = texts[i];
        label->value = equals + 1;
        spec->labels[spec->n_labels++] = label;
    }
    return 0;
}

static int read_tolerance(struct ctl *ctl, Heliostat__V1__SliceSpec *spec) {
    size_t n;
    char **texts = ctl_flag_list(ctl, "tolerate-missing", &n);
    if (n == 0)
        return 0;
    if (n != 1 && n != 3)
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "--tolerate-missing takes one number for every dimension, or three: x,y,z");
    spec->tolerate_missing = ctl_alloc(ctl, 3 * sizeof(*spec->tolerate_missing));
    for (spec->n_tolerate_missing = 0; spec->n_tolerate_missing < 3; spec->n_tolerate_missing++) {
        const char *text = texts[n == 1 ? 0 : spec->n_tolerate_missing];
        int64_t number;
        if (!ctl_parse_number(text, &number) || number > UINT32_MAX)
            return ctl_fail(ctl, CTL_EXIT_USAGE, "--tolerate-missing: \"%s\" is no number of links", text);
        spec->tolerate_missing[spec->n_tolerate_missing] = (uint32_t)number;
    }
    return 0;
}

/* --pack or --spread, over rows or power domains. */
static int read_aim(struct ctl *ctl, Heliostat__V1__SliceSpec *spec) {
    const char *pack = ctl_flag_text(ctl, "pack"), *spread = ctl_flag_text(ctl, "spread");
    const char *domain = pack ? pack : spread;
    if (pack && spread)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--pack and --spread contradict each other");
    if (!domain)
        return 0;
    spec->domain_aim =
        pack ? HELIOSTAT__V1__DOMAIN_AIM__DOMAIN_AIM_PACK : HELIOSTAT__V1__DOMAIN_AIM__DOMAIN_AIM_SPREAD;
    spec->domain_kind = strcmp(domain, "power") == 0 ? HELIOSTAT__V1__DOMAIN_KIND__DOMAIN_KIND_POWER
                                                     : HELIOSTAT__V1__DOMAIN_KIND__DOMAIN_KIND_ROW;
    return 0;
}

int ctl_read_spec(struct ctl *ctl, char *name, Heliostat__V1__SliceSpec *spec) {
    const char *disruption = ctl_flag_text(ctl, "disruption");
    int value = HELIOSTAT__V1__DISRUPTION__DISRUPTION_UNSPECIFIED;
    heliostat__v1__slice_spec__init(spec);
    spec->name = name;
    spec->topology = ctl_flag_text(ctl, "topology");
    if (!spec->name)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "NAME is missing (or --file, for several slices)");
    if (!spec->topology)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--topology is missing, for example --topology 8x8x8");
    spec->alternatives = ctl_flag_list(ctl, "or", &spec->n_alternatives);
    spec->pod = ctl_flag_text_or(ctl, "pod", "");
    spec->cubes = ctl_flag_list(ctl, "cubes", &spec->n_cubes);
    spec->cube_set = ctl_flag_list(ctl, "cube-set", &spec->n_cube_set);
    spec->hosts = ctl_flag_list(ctl, "hosts", &spec->n_hosts);
    spec->exclude = ctl_flag_list(ctl, "exclude", &spec->n_exclude);
    spec->use_spares = ctl_has(ctl, "use-spares");
    if ((spec->n_cubes > 0) + (spec->n_cube_set > 0) + (spec->n_hosts > 0) > 1)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "give at most one of --cubes, --cube-set and --hosts");
    if (disruption && ctl_enum_value(&heliostat__v1__disruption__descriptor, disruption, &value) < 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "--disruption: \"%s\" is not ask or anytime", disruption);
    spec->disruption = (Heliostat__V1__Disruption)value;
    spec->lease_s = (uint32_t)(ctl_flag_ms(ctl, "lease", 0) / 1000);
    spec->lease_grace_s = (uint32_t)(ctl_flag_ms(ctl, "lease-grace", 0) / 1000);
    int exit_status = read_labels(ctl, spec);
    if (exit_status == 0)
        exit_status = read_tolerance(ctl, spec);
    return exit_status ? exit_status : read_aim(ctl, spec);
}

static int create_one(struct ctl *ctl, enum ctl_goal goal) {
    Heliostat__V1__CreateSliceRequest request = HELIOSTAT__V1__CREATE_SLICE_REQUEST__INIT;
    Heliostat__V1__SliceSpec spec;
    int exit_status = ctl_read_spec(ctl, ctl_positional(ctl, 0), &spec);
    if (exit_status)
        return exit_status;
    request.mutation = ctl_mutation(ctl);
    request.spec = &spec;
    return ctl_change_slice(ctl, "SliceService/CreateSlice", &request.base,
                            &heliostat__v1__create_slice_response__descriptor, goal);
}

static int create_many(struct ctl *ctl, enum ctl_goal goal) {
    Heliostat__V1__CreateSlicesRequest *request;
    Heliostat__V1__CreateSlicesResponse *response, last;
    const char *path = ctl_flag_text(ctl, "file");
    char error[512];
    size_t length;
    if (ctl_positional(ctl, 0) || ctl_has(ctl, "topology"))
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "--file names the slices; NAME and --topology do not go with it");
    char *text = ctl_read_file(ctl, path, &length);
    if (!text)
        return CTL_EXIT_USAGE;
    int r = proto_json_decode(&heliostat__v1__create_slices_request__descriptor, text, length,
                              (ProtobufCMessage **)&request, error, sizeof(error));
    if (r != 0)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s: %s", strcmp(path, "-") == 0 ? "standard input" : path,
                        r == PROTO_JSON_REFUSED ? error : "out of memory");
    Heliostat__V1__CreateSlicesRequest sent = *request;
    sent.mutation = ctl_mutation(ctl);
    if (request->mutation && *request->mutation->request_id && !ctl_has(ctl, "request-id"))
        sent.mutation->request_id = request->mutation->request_id;
    int exit_status = ctl_call(ctl, "SliceService/CreateSlices", &sent.base,
                               &heliostat__v1__create_slices_response__descriptor, &response);
    protobuf_c_message_free_unpacked(&request->base, NULL);
    if (exit_status)
        return exit_status;
    last = *response;
    last.slices = ctl_alloc(ctl, last.n_slices * sizeof(*last.slices));
    if (last.n_slices)
        memcpy(last.slices, response->slices, last.n_slices * sizeof(*last.slices));
    exit_status = ctl_wait_slices(ctl, &last.operation, last.slices, last.n_slices, goal);
    if (ctl_wants_json(ctl)) {
        int printed = ctl_print_json(ctl, &last);
        return exit_status ? exit_status : printed;
    }
    for (size_t i = 0; ctl_has(ctl, "dry-run") && i < last.n_plans; i++)
        ctl_print_plan(ctl, last.plans[i]);
    for (size_t i = 0; !ctl_has(ctl, "dry-run") && i < last.n_slices; i++)
        ctl_say_slice(ctl, last.slices[i]);
    return exit_status;
}

int ctl_slice_create(struct ctl *ctl) {
    enum ctl_goal goal;
    int exit_status = ctl_goal(ctl, &goal);
    if (exit_status)
        return exit_status;
    return ctl_has(ctl, "file") ? create_many(ctl, goal) : create_one(ctl, goal);
}
