#include "ctl/top/reading.h"
#include <stdlib.h>
#include <string.h>

static int ask(struct ctl *ctl, bool is_quiet, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *response, void *ret_response) {
    return is_quiet ? ctl_call_quietly(ctl, method, request, response, ret_response)
                    : ctl_call(ctl, method, request, response, ret_response);
}

/* Where the daemon keeps none, or tells none to this caller, none are shown. */
static void read_alarms(struct top_reading *reading, const char *pod) {
    Heliostat__V1__ListAlarmsRequest request = HELIOSTAT__V1__LIST_ALARMS_REQUEST__INIT;
    Heliostat__V1__ListAlarmsResponse *response;
    if (ctl_call_quietly(&reading->ctl, "AlarmService/ListAlarms", &request.base,
                         &heliostat__v1__list_alarms_response__descriptor, &response))
        return;
    reading->alarms = ctl_alloc(&reading->ctl, response->n_alarms * sizeof(*reading->alarms));
    for (size_t i = 0; i < response->n_alarms; i++)
        if (!*response->alarms[i]->pod || strcmp(response->alarms[i]->pod, pod) == 0)
            reading->alarms[reading->n_alarms++] = response->alarms[i];
}

static int read_all(struct top_reading *reading, const char *pod, bool is_quiet) {
    Heliostat__V1__GetPodRequest get = HELIOSTAT__V1__GET_POD_REQUEST__INIT;
    Heliostat__V1__ListSlicesRequest slices = HELIOSTAT__V1__LIST_SLICES_REQUEST__INIT;
    Heliostat__V1__ListOcsesRequest ocses = HELIOSTAT__V1__LIST_OCSES_REQUEST__INIT;
    get.pod = slices.pod = ocses.pod = (char *)pod;
    int exit_status = ask(&reading->ctl, is_quiet, "PodService/GetPod", &get.base,
                          &heliostat__v1__get_pod_response__descriptor, &reading->pod);
    if (exit_status == 0 && (!reading->pod->pod || !reading->pod->meta))
        exit_status = ctl_fail(&reading->ctl, CTL_EXIT_FAILED, "the answer holds no pod");
    if (exit_status == 0)
        exit_status = ask(&reading->ctl, is_quiet, "SliceService/ListSlices", &slices.base,
                          &heliostat__v1__list_slices_response__descriptor, &reading->slices);
    if (exit_status == 0)
        exit_status = ask(&reading->ctl, is_quiet, "OcsService/ListOcses", &ocses.base,
                          &heliostat__v1__list_ocses_response__descriptor, &reading->ocses);
    if (exit_status == 0)
        read_alarms(reading, pod);
    return exit_status;
}

int top_read(const struct ctl *ctl, struct ctl_client **client, const char *pod, bool is_quiet,
             struct top_reading **ret_reading) {
    struct top_reading *reading = calloc(1, sizeof(*reading));
    if (!reading)
        return ctl_fail(ctl, CTL_EXIT_FAILED, "out of memory");
    ctl_init(&reading->ctl, ctl->nouns, ctl->arguments);
    reading->ctl.client = *client;
    int exit_status = read_all(reading, pod, is_quiet);
    *client = reading->ctl.client;
    reading->ctl.client = NULL;
    if (exit_status)
        top_reading_free(reading);
    else
        *ret_reading = reading;
    return exit_status;
}

void top_reading_free(struct top_reading *reading) {
    if (!reading)
        return;
    ctl_deinit(&reading->ctl);
    free(reading);
}

int top_next_pod(const struct ctl *ctl, struct ctl_client **client, const char *pod, bool is_quiet,
                 char **ret_pod) {
    Heliostat__V1__ListPodsRequest request = HELIOSTAT__V1__LIST_PODS_REQUEST__INIT;
    Heliostat__V1__ListPodsResponse *response;
    struct ctl round;
    char *next = NULL;
    ctl_init(&round, ctl->nouns, ctl->arguments);
    round.client = *client;
    int exit_status = ask(&round, is_quiet, "PodService/ListPods", &request.base,
                          &heliostat__v1__list_pods_response__descriptor, &response);
    if (exit_status == 0 && response->n_pods == 0)
        exit_status = ctl_fail(&round, CTL_EXIT_NOT_FOUND,
                               "there is no pod. Make one with: helioctl pod create NAME --model tpu-v4");
    if (exit_status == 0) {
        size_t at = 0;
        while (at < response->n_pods && strcmp(response->pods[at]->name, pod) != 0)
            at++;
        next = strdup(response->pods[at < response->n_pods ? (at + 1) % response->n_pods : 0]->name);
        if (!next)
            exit_status = ctl_fail(&round, CTL_EXIT_FAILED, "out of memory");
    }
    *client = round.client;
    round.client = NULL;
    ctl_deinit(&round);
    if (exit_status == 0)
        *ret_pod = next;
    return exit_status;
}
