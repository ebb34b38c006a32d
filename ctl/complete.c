/* helioctl __complete WORD...: the words that may stand where the last one does, one a line. The scripts in
 * contrib/completion call it. Names of slices, cubes and so on come from the daemon; without one there are
 * none. */
#include "ctl/client.h"
#include "ctl/help.h"
#include "ctl/registry.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "heliostat/v1/operation.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct completion {
    struct ctl *ctl;
    const char *word, *lead; /* lead stands before each candidate, as in "--wait=" */
    const struct ctl_flag *flag;
    const char *flag_name;
    bool has_one_pod; /* then its name may be left out */
};

static void offer(const struct completion *c, const char *text) {
    if (strncmp(text, c->word, strlen(c->word)) == 0)
        printf("%s%s\n", c->lead, text);
}

/* POD/cube-07, or what of it was begun: cube-0. */
static void offer_in_pod(const struct completion *c, const char *name) {
    const char *slash = strchr(name, '/');
    offer(c, name);
    if (slash && *c->word && c->has_one_pod)
        offer(c, slash + 1);
}

static void offer_flag(const struct ctl_flag *flag, void *userdata) {
    const struct completion *c = userdata;
    char text[64];
    snprintf(text, sizeof(text), "--%s", flag->name);
    offer(c, text);
}

static void find_flag(const struct ctl_flag *flag, void *userdata) {
    struct completion *c = userdata;
    size_t length = strcspn(c->flag_name, "=");
    if (c->flag_name[1] != '-'
            ? flag->letter && flag->letter == c->flag_name[1] && !c->flag_name[2]
            : strlen(flag->name) == length - 2 && strncmp(flag->name, c->flag_name + 2, length - 2) == 0)
        c->flag = flag;
}

static void offer_choices(struct completion *c, const char *choices) {
    char *rest = ctl_text(c->ctl, "%s", choices ? choices : "");
    for (char *item = strsep(&rest, "|"); item; item = strsep(&rest, "|"))
        if (*item)
            offer(c, item);
}

static Heliostat__V1__ListPodsResponse *read_pods(struct ctl *ctl) {
    Heliostat__V1__ListPodsRequest request = HELIOSTAT__V1__LIST_PODS_REQUEST__INIT;
    Heliostat__V1__ListPodsResponse *pods;
    return ctl_call_quietly(ctl, "PodService/ListPods", &request.base,
                            &heliostat__v1__list_pods_response__descriptor, &pods)
               ? NULL
               : pods;
}

static void offer_ocses(struct completion *c, char *pod) {
    Heliostat__V1__ListOcsesRequest request = HELIOSTAT__V1__LIST_OCSES_REQUEST__INIT;
    Heliostat__V1__ListOcsesResponse *ocses;
    request.pod = pod;
    if (ctl_call_quietly(c->ctl, "OcsService/ListOcses", &request.base,
                         &heliostat__v1__list_ocses_response__descriptor, &ocses) == 0)
        for (size_t i = 0; i < ocses->n_ocses; i++)
            offer_in_pod(c, ocses->ocses[i]->name);
}

static void offer_slices(struct completion *c) {
    Heliostat__V1__ListSlicesRequest request = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    Heliostat__V1__ListSlicesResponse *slices;
    if (ctl_call_quietly(c->ctl, "SliceService/ListSlices", &request.base,
                         &heliostat__v1__list_slices_response__descriptor, &slices) == 0)
        for (size_t i = 0; i < slices->n_slices; i++)
            offer(c, slices->slices[i]->name);
}

static void offer_operations(struct completion *c) {
    Heliostat__V1__ListOperationsRequest request = HELIOSTAT__V1__LIST_OPERATIONS_REQUEST__INIT;
    Heliostat__V1__ListOperationsResponse *operations;
    if (ctl_call_quietly(c->ctl, "OperationService/ListOperations", &request.base,
                         &heliostat__v1__list_operations_response__descriptor, &operations) == 0)
        for (size_t i = 0; i < operations->n_operations; i++)
            offer(c, ctl_text(c->ctl, "%" PRId64, operations->operations[i]->id));
}

static void offer_hosts(struct completion *c, const Heliostat__V1__CubeStatus *cube) {
    for (unsigned host = 0; host < cube->hosts; host++)
        offer_in_pod(c, ctl_text(c->ctl, "%s/host-%02u", cube->name, host));
}

static void offer_objects(struct completion *c, enum ctl_object object) {
    Heliostat__V1__ListPodsResponse *pods = NULL;
    if (object == CTL_OBJECT_SLICE)
        offer_slices(c);
    if (object == CTL_OBJECT_OPERATION)
        offer_operations(c);
    if (object == CTL_OBJECT_POD || object == CTL_OBJECT_CUBE || object == CTL_OBJECT_OCS ||
        object == CTL_OBJECT_HOST)
        pods = read_pods(c->ctl);
    c->has_one_pod = pods && pods->n_pods == 1;
    for (size_t p = 0; pods && p < pods->n_pods; p++) {
        if (object == CTL_OBJECT_POD)
            offer(c, pods->pods[p]->name);
        for (size_t i = 0; object == CTL_OBJECT_CUBE && i < pods->pods[p]->n_cubes; i++)
            offer_in_pod(c, pods->pods[p]->cubes[i]->name);
        for (size_t i = 0; object == CTL_OBJECT_HOST && i < pods->pods[p]->n_cubes; i++)
            offer_hosts(c, pods->pods[p]->cubes[i]);
        if (object == CTL_OBJECT_OCS)
            offer_ocses(c, pods->pods[p]->name);
    }
}

static void offer_value(struct completion *c, const char *formats) {
    offer_choices(c, c->flag->choices);
    if (c->flag == ctl_global_flags)
        offer_choices(c, formats);
    offer_objects(c, c->flag->object);
}

/* After the last comma, for lists. */
static void enter_list(struct completion *c) {
    const char *comma = strrchr(c->word, ',');
    if (comma && c->flag && c->flag->value == CTL_VALUE_LIST) {
        c->lead = ctl_text(c->ctl, "%s%.*s", c->lead, (int)(comma + 1 - c->word), c->word);
        c->word = comma + 1;
    }
}

static void complete_words(struct completion *c, char **words, size_t n) {
    const struct ctl_noun *noun = NULL;
    const struct ctl_command *command = NULL;
    unsigned positionals = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        c->flag = NULL;
        if (words[i][0] == '-') {
            c->flag_name = words[i];
            ctl_each_flag(command, find_flag, c);
            if (c->flag && c->flag->value != CTL_VALUE_NONE && c->flag->value != CTL_VALUE_OPTIONAL &&
                !strchr(words[i], '=')) {
                if (i + 2 == n) {
                    enter_list(c);
                    offer_value(c, command ? command->formats : NULL);
                    return;
                }
                i++;
            }
        } else if (!noun) {
            for (const struct ctl_noun *const *at = c->ctl->nouns; *at; at++)
                noun = strcmp((*at)->name, words[i]) == 0 ? *at : noun;
            if (!noun)
                return;
            command = noun->commands->verb ? NULL : noun->commands;
        } else if (!command) {
            for (const struct ctl_command *at = noun->commands; at->run; at++)
                command = strcmp(at->verb, words[i]) == 0 ? at : command;
            if (!command)
                return;
        } else {
            positionals++;
        }
    }
    const char *equals = strchr(c->word, '=');
    if (c->word[0] == '-' && equals) {
        c->flag_name = c->word;
        c->flag = NULL;
        ctl_each_flag(command, find_flag, c);
        c->lead = ctl_text(c->ctl, "%.*s", (int)(equals + 1 - c->word), c->word);
        c->word = equals + 1;
        enter_list(c);
        if (c->flag)
            offer_value(c, command ? command->formats : NULL);
    } else if (c->word[0] == '-') {
        ctl_each_flag(command, offer_flag, c);
    } else if (!noun) {
        for (const struct ctl_noun *const *at = c->ctl->nouns; *at; at++)
            if (!ctl_is_hidden(*at))
                offer(c, (*at)->name);
    } else if (!command) {
        for (const struct ctl_command *at = noun->commands; at->run; at++)
            offer(c, at->verb);
    } else if (ctl_positional_slot(command, positionals) < CTL_POSITIONALS_MAX) {
        offer_objects(c, command->positionals[ctl_positional_slot(command, positionals)].object);
    }
}

static int complete(struct ctl *ctl) {
    size_t n;
    char **words = ctl_flag_list(ctl, "word", &n);
    struct completion c = {.ctl = ctl, .word = n ? words[n - 1] : "", .lead = ""};
    complete_words(&c, words, n);
    return 0;
}

static const struct ctl_flag complete_flags[] = {
    {"word", 0, CTL_VALUE_OPTIONAL, "WORD", .repeatable = true, .help = "A word of the command line"},
    {0},
};

static const struct ctl_command commands[] = {
    {NULL, "Words that may come next", NULL, {{0}}, complete_flags, 0, NULL, complete},
    {0},
};

const struct ctl_noun ctl_noun_complete = {"__complete", "For shells", commands};
