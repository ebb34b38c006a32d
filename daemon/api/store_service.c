#include "daemon/api/pending.h"
#include "daemon/api/refusal.h"
#include "heliostat/v1/store.pb-c.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 1024

/* A copy under way; call is NULL when its client has gone. The copy goes on and is complete or not there. */
struct backup {
    struct api *api;
    struct grpcx_call *call;
};

static void on_cancelled(struct grpcx_call *call, void *userdata) {
    struct backup *backup = userdata;
    backup->call = NULL;
}

static void reply(struct backup *backup) {
    struct arena arena = {0};
    Heliostat__V1__BackupStoreResponse response = HELIOSTAT__V1__BACKUP_STORE_RESPONSE__INIT;
    response.meta = api_meta(backup->api, &arena, false);
    api_reply(backup->api, backup->call, &arena, &response.base);
    arena_deinit(&arena);
}

static void on_done(void *userdata, int result, const char *error) {
    struct backup *backup = userdata;
    struct fabric_refusal refusal = {0};
    if (backup->call) {
        grpcx_call_set_callbacks(backup->call, &(struct grpcx_call_callbacks){0});
        if (result == 0) {
            reply(backup);
        } else if (result == -ECANCELED) {
            grpcx_call_finish(backup->call, GRPCX_UNAVAILABLE, "heliostatd stops", NULL, 0);
        } else {
            refuse_invalid(&refusal, "path", "%s", *error ? error : strerror(-result));
            refusal_finish(backup->call, &refusal);
            fabric_refusal_deinit(&refusal);
        }
    }
    free(backup);
}

static void backup_store(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request) {
    const Heliostat__V1__BackupStoreRequest *q = (const void *)request;
    struct fabric_refusal refusal = {0};
    if (*q->path != '/' || strlen(q->path) > PATH_BYTES_MAX) {
        refuse_invalid(&refusal, "path", "\"%.200s\" is no absolute path of at most %d bytes", q->path,
                       PATH_BYTES_MAX);
        pending_refuse(api, call, request, &refusal, NULL);
        return;
    }
    struct backup *backup = calloc(1, sizeof(*backup));
    if (!backup) {
        api_fail_memory(call);
        return;
    }
    *backup = (struct backup){.api = api, .call = call};
    grpcx_call_set_callbacks(
        call, &(struct grpcx_call_callbacks){.on_cancelled = on_cancelled, .userdata = backup});
    int r = api->options.backup(api->options.userdata, q->path, on_done, backup);
    if (r == 0)
        return;
    free(backup);
    grpcx_call_set_callbacks(call, &(struct grpcx_call_callbacks){0});
    if (r == -EBUSY) {
        refuse_limit(&refusal, "path", "another backup is being written");
        pending_refuse(api, call, request, &refusal, NULL);
    } else {
        api_fail_memory(call);
    }
}

const struct service_method store_service[] = {
    {"/heliostat.v1.StoreService/BackupStore", &heliostat__v1__backup_store_request__descriptor, GRPCX_UNARY,
     backup_store},
    {0},
};
