#include "ctl/pod.h"
#include "ctl/client.h"
#include "ctl/mutation.h"
#include "ctl/output.h"

static const struct ctl_column columns[] = {
    {"OCS"},   {"A", CTL_COLUMN_RIGHT},           {"B", CTL_COLUMN_RIGHT},         {"ACTION"},
    {"CLASS"}, {"SLICE", CTL_COLUMN_WHERE_GIVEN}, {"WHY", CTL_COLUMN_WHERE_GIVEN},
};

static void fill(struct ctl_table *table, Heliostat__V1__FabricDifference *const *differences, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const Heliostat__V1__FabricDifference *d = differences[i];
        ctl_table_cell(table, "%s", d->ocs);
        ctl_table_cell(table, "A%u", d->a);
        ctl_table_cell(table, "B%u", d->b);
        ctl_table_cell(table, "%s", d->action);
        ctl_table_cell(table, "%s", d->circuit_class);
        ctl_table_cell(table, "%s", d->slice);
        ctl_table_cell(table, "%s", d->text);
    }
}

static void fill_diff(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__DiffPodResponse *response = message;
    fill(table, response->differences, response->n_differences);
}

static void fill_thaw(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ThawPodResponse *response = message;
    fill(table, response->differences, response->n_differences);
}

int ctl_pod_diff(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_diff, NULL);
    Heliostat__V1__DiffPodRequest request = HELIOSTAT__V1__DIFF_POD_REQUEST__INIT;
    Heliostat__V1__DiffPodResponse *response;
    request.pod = ctl_positional_or(ctl, 0, "");
    int exit_status = ctl_call(ctl, "PodService/DiffPod", &request.base,
                               &heliostat__v1__diff_pod_response__descriptor, &response);
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    if (exit_status)
        return exit_status;
    if (!response->n_differences)
        ctl_say(ctl, "What is connected is what should be%s.",
                response->n_unread_ocses ? ", as far as the switches could be read" : "");
    if (response->frozen)
        ctl_say(ctl, "The pod is FROZEN: %s", response->frozen_reason);
    for (size_t i = 0; i < response->n_unread_ocses; i++)
        ctl_say(ctl, "Not read: %s", response->unread_ocses[i]);
    return 0;
}

static int thaw(struct ctl *ctl, bool validate_only, Heliostat__V1__ThawPodResponse **ret_response) {
    Heliostat__V1__ThawPodRequest request = HELIOSTAT__V1__THAW_POD_REQUEST__INIT;
    Heliostat__V1__Mutation mutation = *ctl_mutation(ctl);
    mutation.validate_only = validate_only;
    request.mutation = &mutation;
    request.pod = ctl_positional_or(ctl, 0, "");
    return ctl_call(ctl, "PodService/ThawPod", &request.base, &heliostat__v1__thaw_pod_response__descriptor,
                    ret_response);
}

static size_t count_moves(const Heliostat__V1__ThawPodResponse *response) {
    size_t n = 0;
    for (size_t i = 0; i < response->n_differences; i++)
        n += response->differences[i]->action[0] == 'a' || response->differences[i]->action[0] == 'r';
    return n;
}

static int say_not_frozen(struct ctl *ctl, const Heliostat__V1__ThawPodResponse *response) {
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "The pod is not frozen. Nothing was changed.");
    return 0;
}

int ctl_pod_thaw(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill_thaw, NULL);
    Heliostat__V1__ThawPodResponse *response;
    bool dry_run = ctl_has(ctl, "dry-run");
    int exit_status = 0;
    if (ctl_would_ask(ctl)) {
        exit_status = thaw(ctl, true, &response);
        if (exit_status || !response->was_waiting)
            return exit_status ? exit_status : say_not_frozen(ctl, response);
        exit_status = ctl_ask(ctl, "Thawing moves %zu mirrors now (pod thaw --dry-run lists them).",
                              count_moves(response));
    } else {
        exit_status = ctl_ask(ctl, "thawing lets the controller move mirrors; pod thaw --dry-run lists them");
    }
    if (exit_status == 0)
        exit_status = thaw(ctl, dry_run, &response);
    if (exit_status == 0 && !response->was_waiting && !response->meta->replayed)
        return say_not_frozen(ctl, response);
    if (exit_status == 0)
        exit_status = ctl_show(ctl, response, &view);
    if (exit_status)
        return exit_status;
    ctl_say(ctl, dry_run ? "%zu mirrors would move. Nothing was changed." : "Thawed; %zu mirrors move.",
            count_moves(response));
    return 0;
}
