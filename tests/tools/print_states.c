/* Prints the state machines of the fabric as they stand in daemon/fabric/transition.c, for docs/states.md. */
#include "daemon/fabric/transition.h"

#include <stdio.h>
#include <string.h>

struct machine {
    const char *title;
    unsigned n_states, n_events;
    const char *(*state_name)(unsigned state);
    const char *(*event_text)(unsigned event);
    bool (*follows)(unsigned state, unsigned event, unsigned *ret_next);
};

static const char *slice_name(unsigned state) {
    return state ? slice_state_name((enum slice_state)state) : "(none)";
}

static const char *slice_text(unsigned event) {
    return slice_event_text((enum slice_event)event);
}

static bool slice(unsigned state, unsigned event, unsigned *ret_next) {
    enum slice_state next;
    bool is_taken = slice_follows((enum slice_state)state, (enum slice_event)event, &next);
    if (is_taken)
        *ret_next = next;
    return is_taken;
}

static const char *cube_name(unsigned state) {
    return state ? scheduling_name((enum scheduling)state) : NULL;
}

static const char *cube_text(unsigned event) {
    return scheduling_event_text((enum scheduling_event)event);
}

static bool cube(unsigned state, unsigned event, unsigned *ret_next) {
    enum scheduling next;
    bool is_taken = scheduling_follows((enum scheduling)state, (enum scheduling_event)event, &next);
    if (is_taken)
        *ret_next = next;
    return is_taken;
}

static const char *ocs_name(unsigned state) {
    return state ? ocs_state_name((enum ocs_state)state) : NULL;
}

static const char *ocs_text(unsigned event) {
    return ocs_event_text((enum ocs_event)event);
}

static bool ocs(unsigned state, unsigned event, unsigned *ret_next) {
    *ret_next = ocs_follows((enum ocs_event)event);
    return true;
}

static const struct machine machines[] = {
    {"A slice", SLICE_STATES, SLICE_EVENTS, slice_name, slice_text, slice},
    {"A cube: who may be placed on it", SCHEDULINGS, SCHEDULING_EVENTS, cube_name, cube_text, cube},
    {"A switch, as it is shown", OCS_STATES, OCS_EVENTS, ocs_name, ocs_text, ocs},
};

static void print_diagram(const struct machine *machine) {
    printf("```mermaid\nstateDiagram-v2\n");
    for (unsigned from = 0; from < machine->n_states; from++)
        for (unsigned to = 0; machine->state_name(from) && to < machine->n_states; to++) {
            char words[600] = "";
            for (unsigned event = 0; event < machine->n_events; event++) {
                unsigned next;
                if (from != to && machine->follows(from, event, &next) && next == to)
                    snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
                             words[0] ? " / " : "", machine->event_text(event));
            }
            if (words[0])
                printf("    %s --> %s: %s\n", from ? machine->state_name(from) : "[*]",
                       machine->state_name(to), words);
        }
    printf("```\n\n");
}

static void print_table(const struct machine *machine) {
    printf("| event |");
    for (unsigned state = 0; state < machine->n_states; state++)
        if (machine->state_name(state))
            printf(" %s |", machine->state_name(state));
    printf("\n|---|");
    for (unsigned state = 0; state < machine->n_states; state++)
        if (machine->state_name(state))
            printf("---|");
    for (unsigned event = 0; event < machine->n_events; event++) {
        printf("\n| %s |", machine->event_text(event));
        for (unsigned state = 0; state < machine->n_states; state++) {
            unsigned next;
            if (!machine->state_name(state))
                continue;
            if (!machine->follows(state, event, &next))
                printf(" refused |");
            else
                printf(" %s |", next == state ? "-" : machine->state_name(next));
        }
    }
    printf("\n\n");
}

int main(void) {
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
        printf("## %s\n\n", machines[i].title);
        if (machines[i].follows != ocs)
            print_diagram(&machines[i]);
        print_table(&machines[i]);
    }
    return 0;
}
