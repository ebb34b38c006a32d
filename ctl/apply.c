/* helioctl apply: carries out what a --dry-run -o json planned, if it is still the same plan. */
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/registry.h"
#include "ctl/wait.h"
#include "heliostat/v1/circuit.pb-c.h"
#include "heliostat/v1/cube.pb-c.h"
#include "heliostat/v1/inventory.pb-c.h"
#include "heliostat/v1/maintenance.pb-c.h"
#include "heliostat/v1/ocs.pb-c.h"
#include "heliostat/v1/operation.pb-c.h"
#include "heliostat/v1/pod.pb-c.h"
#include "heliostat/v1/slice.pb-c.h"
#include "proto/grpc/wire.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const ProtobufCServiceDescriptor *const services[] = {
    &heliostat__v1__slice_service__descriptor,     &heliostat__v1__cube_service__descriptor,
    &heliostat__v1__pod_service__descriptor,       &heliostat__v1__ocs_service__descriptor,
    &heliostat__v1__circuit_service__descriptor,   &heliostat__v1__operation_service__descriptor,
    &heliostat__v1__inventory_service__descriptor, &heliostat__v1__maintenance_service__descriptor,
};

static const ProtobufCMethodDescriptor *find_method(const char *path) {
    for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
        size_t length = strlen(services[i]->short_name);
        if (strncmp(path, services[i]->short_name, length) == 0 && path[length] == '/')
            return protobuf_c_service_descriptor_get_method_by_name(services[i], path + length + 1);
    }
    return NULL;
}

struct plan {
    const char *method, *plan_hash;
    uint8_t *request;
    size_t request_len;
};

/* The strings belong to root. */
static int read_plan(struct ctl *ctl, const char *path, const json_t *root, struct plan *ret_plan) {
    const json_t *meta = json_object_get(root, "meta"), *planned = json_object_get(meta, "planned");
    const char *request = json_string_value(json_object_get(planned, "request"));
    struct plan plan = {.method = json_string_value(json_object_get(planned, "method")),
                        .plan_hash = json_string_value(json_object_get(meta, "planHash"))};
    if (!plan.method || !request || !plan.plan_hash || !*plan.plan_hash)
        return ctl_fail(ctl, CTL_EXIT_USAGE,
                        "%s is no plan: it comes from a change with --dry-run -o json (meta.planned and "
                        "meta.planHash are missing)",
                        path);
    plan.request = grpcx_unbase64(request, strlen(request), &plan.request_len);
    if (!plan.request)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s: meta.planned.request is damaged", path);
    *ret_plan = plan;
    return 0;
}

static Heliostat__V1__Mutation *mutation_of(ProtobufCMessage *request) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "mutation");
    return field ? *(Heliostat__V1__Mutation **)((char *)request + field->offset) : NULL;
}

static Heliostat__V1__Operation *operation_of(ProtobufCMessage *response) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(response->descriptor, "operation");
    return field && field->type == PROTOBUF_C_TYPE_MESSAGE
               ? *(Heliostat__V1__Operation **)((char *)response + field->offset)
               : NULL;
}

static int send_plan(struct ctl *ctl, const char *path, const struct plan *plan, enum ctl_goal goal) {
    const ProtobufCMethodDescriptor *method = find_method(plan->method);
    ProtobufCMessage *request, *response;
    char error[200];
    if (!method)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s: \"%s\" is no change that this helioctl can apply", path,
                        plan->method);
    if (grpcx_unpack(method->input, plan->request, plan->request_len, NULL, &request, error, sizeof(error)))
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s: meta.planned.request is damaged: %s", path, error);
    Heliostat__V1__Mutation *saved = mutation_of(request);
    if (!saved) {
        grpcx_unpack_free(request);
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s: %s changes nothing", path, plan->method);
    }
    Heliostat__V1__Mutation before = *saved;
    saved->validate_only = false;
    saved->if_plan = (char *)plan->plan_hash;
    if (ctl_flag_text(ctl, "request-id"))
        saved->request_id = ctl_flag_text(ctl, "request-id");
    int exit_status = ctl_call(ctl, plan->method, request, method->output, &response);
    *saved = before;
    grpcx_unpack_free(request);
    Heliostat__V1__Operation *operation = exit_status ? NULL : operation_of(response);
    if (operation)
        exit_status = ctl_wait_operation(ctl, &operation, goal);
    if (exit_status)
        return exit_status;
    if (ctl_wants_json(ctl))
        return ctl_print_json(ctl, response);
    ctl_say(ctl, "%s is done as planned", strchr(plan->method, '/') + 1);
    return 0;
}

static int apply(struct ctl *ctl) {
    const char *path = ctl_positional(ctl, 0);
    struct plan plan = {0};
    json_error_t error;
    enum ctl_goal goal;
    size_t length;
    int exit_status = ctl_goal(ctl, &goal);
    char *text = exit_status ? NULL : ctl_read_file(ctl, path, &length);
    if (!text)
        return exit_status ? exit_status : CTL_EXIT_USAGE;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return ctl_fail(ctl, CTL_EXIT_USAGE, "%s:%d:%d: %s", path, error.line, error.column, error.text);
    exit_status = read_plan(ctl, path, root, &plan);
    if (exit_status == 0)
        exit_status = send_plan(ctl, path, &plan, goal);
    free(plan.request);
    json_decref(root);
    return exit_status;
}

static const struct ctl_flag flags[] = {
    {"request-id", 0, CTL_VALUE_TEXT, "ID",
     .help = "Name of this request (default: that of the plan, so that applying it twice does it once)"},
    {0},
};

static const struct ctl_command commands[] = {
    {NULL,
     "Carry out what a --dry-run -o json planned",
     "The change is refused if it would now do anything else than the plan says, or if an object that the "
     "plan "
     "shows has moved since.",
     {{"FILE", false, CTL_OBJECT_FILE, "The plan; - for standard input"}},
     flags,
     CTL_FLAGS_WAIT,
     NULL,
     apply},
    {0},
};

const struct ctl_noun ctl_noun_apply = {"apply", "Carry out a plan that was looked at before", commands};
