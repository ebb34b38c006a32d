#include "ctl/slice.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/word.h"
#include <string.h>

#define LINKS_SHOWN 32

static const char *cube_at(const Heliostat__V1__Slice *slice, uint32_t position) {
    for (size_t i = 0; i < slice->n_positions; i++)
        if (slice->positions[i]->index == position)
            return slice->positions[i]->cube;
    return "?";
}

void ctl_print_links(const Heliostat__V1__Slice *slice, Heliostat__V1__MissingLink *const *links, size_t n,
                     FILE *out) {
    for (size_t i = 0; i < n && i < LINKS_SHOWN; i++) {
        fprintf(out, "  position %u (%s) face %s link %u%s%s\n", links[i]->position,
                cube_at(slice, links[i]->position), links[i]->face, links[i]->index,
                *links[i]->cause ? ": " : "", links[i]->cause);
        /* One that stands behind many links is named once. */
        bool is_told = i && links[i]->n_suspects == 1 && links[i - 1]->n_suspects == 1 &&
                       strcmp(links[i]->suspects[0], links[i - 1]->suspects[0]) == 0;
        for (size_t k = 0; !is_told && k < links[i]->n_suspects; k++)
            fprintf(out, "    suspect: %s\n", links[i]->suspects[k]);
    }
    if (n > LINKS_SHOWN)
        fprintf(out, "  ... and %zu more\n", n - LINKS_SHOWN);
}

static void print_positions(Heliostat__V1__SlicePosition *const *positions, size_t n) {
    static const struct ctl_column columns[] = {
        {"POSITION", CTL_COLUMN_RIGHT},
        {"X", CTL_COLUMN_RIGHT},
        {"Y", CTL_COLUMN_RIGHT},
        {"Z", CTL_COLUMN_RIGHT},
        {"CUBE"},
        {"RACK", CTL_COLUMN_WHERE_GIVEN},
    };
    struct ctl_table table;
    ctl_table_init(&table, columns, sizeof(columns) / sizeof(*columns));
    for (size_t i = 0; i < n; i++) {
        ctl_table_cell(&table, "%u", positions[i]->index);
        ctl_table_cell(&table, "%u", positions[i]->x);
        ctl_table_cell(&table, "%u", positions[i]->y);
        ctl_table_cell(&table, "%u", positions[i]->z);
        ctl_table_cell(&table, "%s", *positions[i]->cube ? positions[i]->cube : "(none)");
        ctl_table_cell(&table, "%s", positions[i]->rack);
    }
    ctl_table_print(&table, stdout, false);
    ctl_table_deinit(&table);
}

static void print_moves(const Heliostat__V1__SlicePlan *plan, bool every) {
    for (size_t i = 0; i < plan->n_moves;) {
        const Heliostat__V1__OcsMoves *m = plan->moves[i];
        size_t same = i + 1;
        while (!every && same < plan->n_moves && plan->moves[same]->removed == m->removed &&
               plan->moves[same]->added == m->added && plan->moves[same]->kept == m->kept)
            same++;
        if (same - i == 1)
            printf("  %s: %u removed, %u added, %u kept\n", m->ocs, m->removed, m->added, m->kept);
        else
            printf("  %s to %s, each: %u removed, %u added, %u kept\n", m->ocs, plan->moves[same - 1]->ocs,
                   m->removed, m->added, m->kept);
        i = same;
    }
}

void ctl_print_plan(struct ctl *ctl, const Heliostat__V1__SlicePlan *plan) {
    if (ctl->format == CTL_FORMAT_NAME)
        return;
    printf("Plan for %s: %u circuits removed, %u added, %u kept. Nothing was changed.\n", plan->slice,
           plan->circuits_removed, plan->circuits_added, plan->circuits_kept);
    if (*plan->text)
        printf("%s\n", plan->text);
    if (plan->n_positions) {
        putchar('\n');
        print_positions(plan->positions, plan->n_positions);
    }
    for (size_t i = 0; i < plan->n_reasons; i++)
        printf("%s%s\n", i ? "  " : "\nWhy these:\n  ", plan->reasons[i]);
    if (plan->n_moves) {
        puts("\nCircuits:");
        print_moves(plan, ctl->format == CTL_FORMAT_WIDE);
    }
    if (plan->n_missing_links) {
        Heliostat__V1__Slice slice = HELIOSTAT__V1__SLICE__INIT;
        slice.positions = plan->positions;
        slice.n_positions = plan->n_positions;
        printf("\nLinks that would be missing: %zu\n", plan->n_missing_links);
        ctl_print_links(&slice, plan->missing_links, plan->n_missing_links, stdout);
    }
}

void ctl_say_slice(struct ctl *ctl, const Heliostat__V1__Slice *slice) {
    bool checked = slice->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_PASSED ||
                   slice->qualified == HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED;
    if (ctl->format == CTL_FORMAT_NAME) {
        puts(slice->name);
        return;
    }
    ctl_say(ctl, "%s %s: %s, %u chip%s on %zu cube%s, generation %lld%s%s", slice->name,
            ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)slice->state), slice->topology,
            slice->chips, slice->chips == 1 ? "" : "s", slice->n_positions,
            slice->n_positions == 1 ? "" : "s", (long long)slice->generation,
            checked ? ", qualification " : "",
            checked ? ctl_enum_word(&heliostat__v1__qualified__descriptor, (int)slice->qualified) : "");
    if (slice->n_missing_links && slice->qualified != HELIOSTAT__V1__QUALIFIED__QUALIFIED_FAILED) {
        printf("Missing links: %zu\n", slice->n_missing_links);
        ctl_print_links(slice, slice->missing_links, slice->n_missing_links, stdout);
    }
}

int ctl_show_change(struct ctl *ctl, const void *message, const Heliostat__V1__Slice *slice,
                    const Heliostat__V1__SlicePlan *plan, int exit_status) {
    if (ctl_wants_json(ctl)) {
        int printed = ctl_print_json(ctl, message);
        return exit_status ? exit_status : printed;
    }
    if (ctl_has(ctl, "dry-run") && plan)
        ctl_print_plan(ctl, plan);
    else if (slice)
        ctl_say_slice(ctl, slice);
    return exit_status;
}

/* A message field of an answer; where it has none, one that stays NULL. */
static void *place_of(ProtobufCMessage *message, const char *name) {
    static void *none;
    const ProtobufCFieldDescriptor *at =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    return at ? (char *)message + at->offset : (char *)&none;
}

int ctl_change_slice(struct ctl *ctl, const char *method, const ProtobufCMessage *request,
                     const ProtobufCMessageDescriptor *response, enum ctl_goal goal) {
    ProtobufCMessage *answer;
    int exit_status = ctl_call(ctl, method, request, response, &answer);
    if (exit_status)
        return exit_status;
    /* A copy, since the wait puts newer messages into it. */
    ProtobufCMessage *last = ctl_alloc(ctl, response->sizeof_message);
    memcpy(last, answer, response->sizeof_message);
    Heliostat__V1__Slice **slice = place_of(last, "slice");
    Heliostat__V1__SlicePlan **plan = place_of(last, "plan");
    if (*slice && goal != CTL_GOAL_NONE)
        exit_status = ctl_wait_slices(ctl, place_of(last, "operation"), slice, 1, goal);
    return ctl_show_change(ctl, last, *slice, *plan, exit_status);
}

static void field(const char *name, const char *value) {
    if (*value)
        printf("%-12s  %s\n", name, value);
}

static char *wrap_text(struct ctl *ctl, const Heliostat__V1__Slice *s) {
    bool wrap[3] = {false};
    for (size_t d = 0; d < 3 && d < s->n_wrap; d++)
        wrap[d] = s->wrap[d];
    if (!wrap[0] && !wrap[1] && !wrap[2])
        return "mesh, no closing links";
    return ctl_text(ctl, "%storus, closes in%s%s%s", s->twisted ? "twisted " : "", wrap[0] ? " x" : "",
                    wrap[1] ? " y" : "", wrap[2] ? " z" : "");
}

static char *label_text(struct ctl *ctl, const Heliostat__V1__Slice *s) {
    char *text = "";
    for (size_t i = 0; i < s->n_labels; i++)
        text = ctl_text(ctl, "%s%s%s=%s", text, i ? " " : "", s->labels[i]->key, s->labels[i]->value);
    return text;
}

/* Of a part of one cube: which hosts, and how the block lies in the cube. */
static char *part_text(struct ctl *ctl, const Heliostat__V1__Slice *s) {
    char *text = "";
    for (size_t i = 0; i < s->n_host_indices; i++)
        text = ctl_text(ctl, "%s%s%u", text, i ? " " : "", s->host_indices[i]);
    if (s->n_axis_map == 3 && s->axis_map[0] < 3 && s->axis_map[1] < 3 && s->axis_map[2] < 3)
        text = ctl_text(ctl, "%s of the cube; x, y, z of the slice run along %c, %c, %c of the cube", text,
                        "xyz"[s->axis_map[0]], "xyz"[s->axis_map[1]], "xyz"[s->axis_map[2]]);
    return text;
}

static void print_slice(struct ctl *ctl, const Heliostat__V1__Slice *s) {
    field("Name", s->name);
    field("State", ctl_enum_word(&heliostat__v1__slice_state__descriptor, (int)s->state));
    field("Cause", s->cause);
    field("Qualified", ctl_enum_word(&heliostat__v1__qualified__descriptor, (int)s->qualified));
    field("Topology", ctl_text(ctl, "%s, %u chips, %s", s->topology, s->chips, wrap_text(ctl, s)));
    field("Pod", s->pod);
    field("Hosts", part_text(ctl, s));
    if (s->circuits_total)
        field("Circuits", ctl_text(ctl, "%u of %u", s->circuits_done, s->circuits_total));
    field("Generation", ctl_text(ctl, "%lld", (long long)s->generation));
    field("Uid", ctl_text(ctl, "%lld", (long long)s->uid));
    field("Revision", ctl_text(ctl, "%lld", (long long)s->revision));
    field("Owner", s->owner);
    field("Disruption", ctl_enum_word(&heliostat__v1__disruption__descriptor, (int)s->disruption));
    if (s->n_tolerate_missing == 3 &&
        (s->tolerate_missing[0] || s->tolerate_missing[1] || s->tolerate_missing[2]))
        field("Tolerates", ctl_text(ctl, "%u, %u, %u missing links in x, y, z", s->tolerate_missing[0],
                                    s->tolerate_missing[1], s->tolerate_missing[2]));
    field("Labels", label_text(ctl, s));
    field("Created", s->created_at);
    field("Unverified", *s->unverified_since ? ctl_text(ctl, "since %s", s->unverified_since) : "");
    if (s->lease)
        field("Lease", s->orphaned ? ctl_text(ctl, "ran out at %s: orphaned", s->lease->orphaned_since)
                                   : ctl_text(ctl, "%u s, runs out at %s", s->lease->time_to_live_s,
                                              s->lease->expires));
    field("Held", s->held ? "yes: decide with slice release-hold" : "");
    if (s->pending_disruption)
        ctl_print_pending(ctl, s->pending_disruption);
    if (s->n_positions) {
        putchar('\n');
        print_positions(s->positions, s->n_positions);
    }
    if (s->n_missing_links) {
        printf("\nMissing links: %zu\n", s->n_missing_links);
        ctl_print_links(s, s->missing_links, s->n_missing_links, stdout);
    }
    if (s->n_failed_links) {
        printf("\nLinks that failed qualification: %zu\n", s->n_failed_links);
        ctl_print_links(s, s->failed_links, s->n_failed_links, stdout);
    }
}

int ctl_slice_get(struct ctl *ctl) {
    Heliostat__V1__GetSliceResponse *response;
    int exit_status = ctl_read_slice(ctl, ctl_positional(ctl, 0), &response);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl) && !ctl_has(ctl, "analyze"))
        return ctl_print_json(ctl, response);
    if (ctl->format == CTL_FORMAT_NAME)
        puts(response->slice->name);
    else if (!ctl_wants_json(ctl))
        print_slice(ctl, response->slice);
    return ctl_has(ctl, "analyze") ? ctl_print_analysis(ctl, response->slice) : 0;
}
