#include "ctl/client.h"
#include "ctl/error.h"
#include "ctl/remote.h"
#include "heliostat/v1/common.pb-c.h"
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REFUSAL_TYPE "type.googleapis.com/heliostat.v1.Refusal"

struct ctl_client {
    struct event_base *base;
    struct grpcx_client *grpc;
};

static int64_t now_us(void *userdata) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void ctl_client_free(struct ctl_client *client) {
    if (!client)
        return;
    grpcx_client_free(client->grpc);
    if (client->base)
        event_base_free(client->base);
    free(client);
}

void ctl_disconnect(struct ctl *ctl) {
    ctl_client_free(ctl->client);
    ctl->client = NULL;
}

struct grpcx_client *ctl_grpc(struct ctl *ctl) {
    return ctl->client->grpc;
}

static const char *why_unreachable(int error) {
    switch (error) {
    case ENOENT:
        return "there is no such socket; is heliostatd running? (--socket, $HELIOSTAT_SOCKET)";
    case ECONNREFUSED:
        return "nobody listens there; is heliostatd running?";
    case EACCES:
    case EPERM:
        return "you may not use this socket";
    default:
        return strerror(error);
    }
}

int ctl_connect(struct ctl *ctl, bool quiet) {
    if (ctl->client && grpcx_client_is_open(ctl->client->grpc))
        return 0;
    ctl_disconnect(ctl);
    struct grpcx_client_options options = {.clock = {now_us, NULL}};
    struct ctl_client *client = calloc(1, sizeof(*client));
    int r = -ENOMEM;
    if (client && (client->base = event_base_new()))
        r = ctl_is_remote(ctl)
                ? ctl_connect_remote(ctl, quiet, client->base, &options, &client->grpc)
                : grpcx_client_connect_unix(client->base, ctl->socket_path, &options, &client->grpc);
    if (r > 0) {
        ctl_client_free(client);
        return r;
    }
    if (r < 0) {
        ctl_client_free(client);
        int exit_status = -r == EACCES || -r == EPERM ? CTL_EXIT_NOT_ALLOWED : CTL_EXIT_UNREACHABLE;
        return quiet ? exit_status
                     : ctl_fail(ctl, exit_status, "cannot reach heliostatd at %s: %s", ctl->socket_path,
                                why_unreachable(-r));
    }
    ctl->client = client;
    return 0;
}

static void free_message(void *message) {
    grpcx_unpack_free(message);
}

static void free_refusal(Heliostat__V1__Refusal *refusal) {
    heliostat__v1__refusal__free_unpacked(refusal, NULL);
}

/* The detail of a refusal, or NULL. */
static Heliostat__V1__Refusal *refusal_of(const struct grpcx_result *result) {
    struct grpcx_status_view view;
    ProtobufCMessage *message;
    if (!result->details || grpcx_status_decode(result->details, result->details_len, &view) < 0 ||
        !view.type_url || view.type_url_len != strlen(REFUSAL_TYPE) ||
        memcmp(view.type_url, REFUSAL_TYPE, view.type_url_len) != 0)
        return NULL;
    if (grpcx_unpack(&heliostat__v1__refusal__descriptor, view.value, view.value_len, NULL, &message, NULL,
                     0) != 0)
        return NULL;
    return (Heliostat__V1__Refusal *)message;
}

static int exit_of_refusal(const Heliostat__V1__Refusal *refusal) {
    switch (refusal->retry) {
    case HELIOSTAT__V1__RETRY__RETRY_WHEN_FREED:
    case HELIOSTAT__V1__RETRY__RETRY_LATER:
    case HELIOSTAT__V1__RETRY__RETRY_AFTER_OPERATOR:
        return CTL_EXIT_NOT_NOW;
    default:
        return refusal->reason == HELIOSTAT__V1__REASON__REASON_NOT_OWNER ? CTL_EXIT_NOT_ALLOWED
                                                                          : CTL_EXIT_REFUSED;
    }
}

static int exit_of_status(enum grpcx_status status) {
    static const struct {
        enum grpcx_status status;
        int exit_status;
    } table[] = {
        {GRPCX_OK, CTL_EXIT_DONE},
        {GRPCX_NOT_FOUND, CTL_EXIT_NOT_FOUND},
        {GRPCX_UNAVAILABLE, CTL_EXIT_UNREACHABLE},
        {GRPCX_UNIMPLEMENTED, CTL_EXIT_UNREACHABLE},
        {GRPCX_PERMISSION_DENIED, CTL_EXIT_NOT_ALLOWED},
        {GRPCX_UNAUTHENTICATED, CTL_EXIT_NOT_ALLOWED},
        {GRPCX_INVALID_ARGUMENT, CTL_EXIT_REFUSED},
        {GRPCX_ALREADY_EXISTS, CTL_EXIT_REFUSED},
        {GRPCX_OUT_OF_RANGE, CTL_EXIT_REFUSED},
        {GRPCX_RESOURCE_EXHAUSTED, CTL_EXIT_NOT_NOW},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (table[i].status == status)
            return table[i].exit_status;
    return CTL_EXIT_FAILED;
}

int ctl_exit_of_result(const struct grpcx_result *result) {
    Heliostat__V1__Refusal *refusal = refusal_of(result);
    bool has_reason = refusal && refusal->reason != HELIOSTAT__V1__REASON__REASON_UNSPECIFIED;
    int exit_status = has_reason ? exit_of_refusal(refusal) : exit_of_status(result->status);
    free_refusal(refusal);
    return exit_status;
}

int ctl_report_failure(struct ctl *ctl, const struct grpcx_result *result) {
    Heliostat__V1__Refusal *refusal = refusal_of(result);
    const char *text = result->message && *result->message ? result->message : "no reason was given";
    const char *status = grpcx_status_name(result->status);
    if (refusal && *refusal->text)
        text = refusal->text;
    else if (result->status == GRPCX_UNAVAILABLE)
        text = ctl_text(ctl, "heliostatd at %s does not answer: %s", ctl->socket_path, text);
    else if (result->status == GRPCX_UNIMPLEMENTED)
        text = ctl_text(ctl, "this heliostatd does not know the request (%s); helioctl is version %s", text,
                        HELIOSTAT_VERSION);
    else if (result->status != GRPCX_INVALID_ARGUMENT && result->status != GRPCX_NOT_FOUND)
        text = ctl_text(ctl, "%s (%s)", text, status);
    ctl_print_refusal(ctl, ctl_exit_of_result(result), text, status, refusal);
    free_refusal(refusal);
    return ctl_exit_of_result(result);
}

/* So that a --dry-run in JSON can be applied later. */
static void remember_planned(struct ctl *ctl, const char *method, const ProtobufCMessage *request) {
    if (!ctl_has(ctl, "dry-run") ||
        !protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "mutation"))
        return;
    Heliostat__V1__PlannedRequest *planned = ctl_alloc(ctl, sizeof(*planned));
    heliostat__v1__planned_request__init(planned);
    planned->method = ctl_text(ctl, "%s", method);
    planned->request.len = protobuf_c_message_get_packed_size(request);
    planned->request.data = ctl_alloc(ctl, planned->request.len + 1);
    protobuf_c_message_pack(request, planned->request.data);
    ctl->planned = planned;
}

static void remember_preview(struct ctl *ctl, const ProtobufCMessage *response) {
    const ProtobufCFieldDescriptor *field =
        ctl_has(ctl, "dry-run")
            ? protobuf_c_message_descriptor_get_field_by_name(response->descriptor, "meta")
            : NULL;
    const Heliostat__V1__ReplyMeta *meta =
        field ? *(const Heliostat__V1__ReplyMeta *const *)((const char *)response + field->offset) : NULL;
    if (meta && meta->preview)
        ctl->preview = meta->preview;
}

/* For errors: a program that repeats a request needs its id. */
static void remember_asked(struct ctl *ctl, const char *method, const ProtobufCMessage *request) {
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "mutation");
    const Heliostat__V1__Mutation *mutation =
        field ? *(const Heliostat__V1__Mutation *const *)((const char *)request + field->offset) : NULL;
    ctl->asked_method = ctl_text(ctl, "%s", method);
    ctl->asked_request_id = mutation ? ctl_text(ctl, "%s", mutation->request_id) : NULL;
}

static int call(struct ctl *ctl, const char *method, const ProtobufCMessage *request,
                const ProtobufCMessageDescriptor *response, bool quiet, void *ret_response) {
    ProtobufCMessage *message = NULL;
    struct grpcx_result result = {0};
    int exit_status = ctl_connect(ctl, quiet);
    if (exit_status)
        return exit_status;
    char *path = ctl_text(ctl, "/heliostat.v1.%s", method);
    remember_asked(ctl, method, request);
    int r = grpcx_client_unary_blocking(ctl->client->grpc, path, request, response,
                                        quiet ? 2000 : CTL_CALL_TIMEOUT_MS, &message, &result);
    if (r < 0) {
        result = (struct grpcx_result){.status = GRPCX_UNAVAILABLE, .message = strdup(strerror(-r))};
        message = NULL;
    }
    if (!message)
        exit_status = quiet ? ctl_exit_of_result(&result) : ctl_report_failure(ctl, &result);
    grpcx_result_deinit(&result);
    if (!message)
        return exit_status;
    ctl_keep(ctl, message, free_message);
    remember_planned(ctl, method, request);
    remember_preview(ctl, message);
    *(ProtobufCMessage **)ret_response = message;
    return 0;
}

int ctl_call(struct ctl *ctl, const char *method, const ProtobufCMessage *request,
             const ProtobufCMessageDescriptor *response, void *ret_response) {
    return call(ctl, method, request, response, false, ret_response);
}

int ctl_call_quietly(struct ctl *ctl, const char *method, const ProtobufCMessage *request,
                     const ProtobufCMessageDescriptor *response, void *ret_response) {
    return call(ctl, method, request, response, true, ret_response);
}

struct pieces {
    const ProtobufCMessageDescriptor *descriptor;
    ProtobufCMessage *response;
    struct grpcx_result result;
    bool done;
};

static void on_answer(struct grpcx_client_call *grpc_call, const ProtobufCMessage *message, void *userdata) {
    struct pieces *pieces = userdata;
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(length + 1);
    if (bytes && !pieces->response) {
        protobuf_c_message_pack(message, bytes);
        pieces->response = protobuf_c_message_unpack(pieces->descriptor, NULL, length, bytes);
    }
    free(bytes);
}

static void on_answered(struct grpcx_client_call *grpc_call, const struct grpcx_result *result,
                        void *userdata) {
    struct pieces *pieces = userdata;
    pieces->done = true;
    pieces->result.status = result->status;
    pieces->result.message = strdup(result->message ? result->message : "");
    if (result->details_len && (pieces->result.details = malloc(result->details_len))) {
        memcpy(pieces->result.details, result->details, result->details_len);
        pieces->result.details_len = result->details_len;
    }
}

int ctl_call_in_pieces(struct ctl *ctl, const char *method, const ProtobufCMessage *const *messages, size_t n,
                       const ProtobufCMessageDescriptor *response, void *ret_response) {
    struct pieces pieces = {.descriptor = response};
    struct grpcx_client_callbacks callbacks = {on_answer, on_answered, &pieces};
    struct grpcx_client_call *grpc_call;
    int exit_status = ctl_connect(ctl, false);
    if (exit_status)
        return exit_status;
    char *path = ctl_text(ctl, "/heliostat.v1.%s", method);
    int r = grpcx_client_call(ctl->client->grpc, path, NULL, response, CTL_CALL_TIMEOUT_MS, &callbacks,
                              &grpc_call);
    for (size_t i = 0; i < n && r == 0 && !pieces.done; i++) {
        r = grpcx_client_send(grpc_call, messages[i]);
        while (r == 0 && !pieces.done && grpcx_client_queued_bytes(grpc_call) > 1 << 20)
            event_base_loop(ctl->client->base, EVLOOP_ONCE);
    }
    if (r < 0 && !pieces.done) {
        ctl_disconnect(ctl);
        grpcx_result_deinit(&pieces.result);
        return ctl_fail(ctl, CTL_EXIT_UNREACHABLE, "%s: %s", path, strerror(-r));
    }
    if (!pieces.done)
        grpcx_client_half_close(grpc_call);
    while (!pieces.done && event_base_loop(ctl->client->base, EVLOOP_ONCE) == 0)
        ;
    if (pieces.response)
        ctl_keep(ctl, pieces.response, free_message);
    if (pieces.result.status != GRPCX_OK)
        exit_status = ctl_report_failure(ctl, &pieces.result);
    else if (!pieces.response)
        exit_status = ctl_fail(ctl, CTL_EXIT_FAILED, "%s: the answer is missing", path);
    else
        *(ProtobufCMessage **)ret_response = pieces.response;
    grpcx_result_deinit(&pieces.result);
    return exit_status;
}
