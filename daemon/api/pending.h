#pragma once
/* Replies that wait until what they show is durable. */
#include "daemon/api/service.h"

struct pending;

/* Builds the head of a reply when its change is durable; the message lives in the arena. */
typedef ProtobufCMessage *(*pending_head)(struct api *api, struct arena *arena,
                                          const struct pending *pending);

struct pending {
    struct api *api;
    struct grpcx_call *call;
    const ProtobufCMessage *request; /* the call's */
    struct fabric_outcome outcome;
    bool is_replayed;

    pending_head head;                       /* NULL: the tail is all */
    const ProtobufCMessageDescriptor *reply; /* what outcome_head() builds */
    uint8_t *tail;                           /* a packed part of the reply, merged behind the head; owned */
    size_t tail_len;
    service_handler again;                  /* of a read: run again when what it showed was undone */
    char plan_hash[17];                     /* after validate_only */
    struct Heliostat__V1__Preview *preview; /* after validate_only; NULL: none; in preview_arena */
    struct arena preview_arena;
    int64_t ticket;
};

/* Reads: packs the message now and sends it when every change accepted so far is durable; runs `again` if one
 * of them is undone. */
void pending_read(struct api *api, struct grpcx_call *call, struct arena *arena,
                  const ProtobufCMessage *message, const ProtobufCMessage *request, service_handler again);
/* Refusals of the fabric, likewise. Takes over what *refusal owns. */
void pending_refuse(struct api *api, struct grpcx_call *call, const ProtobufCMessage *request,
                    struct fabric_refusal *refusal, service_handler again);

/* A mutation from its first check to its answer. */
struct mutation {
    struct api *api;
    struct grpcx_call *call;
    const ProtobufCMessage *request;
    service_handler again;
    int64_t now_us;
    bool is_rehearsal; /* if_plan: looks first whether the plan is still the same */
    char principal[PRINCIPAL_MAX];
    struct fabric_actor actor;
    struct fabric_refusal refusal;
    struct fabric_outcome outcome;
    const ProtobufCMessageDescriptor *reply; /* of mutation_end_slices() */
    struct arena arena;
};

/* Fills in the actor. False: the request is refused and answered. again: the handler itself. */
__attribute__((warn_unused_result)) bool mutation_begin(struct mutation *mutation, struct api *api,
                                                        struct grpcx_call *call,
                                                        const ProtobufCMessage *request,
                                                        const Heliostat__V1__Mutation *message,
                                                        service_handler again);
/* The same for a request that came in pieces and is gone: request_hash() of the whole is known, and it is not
 * run again. */
__attribute__((warn_unused_result)) bool mutation_begin_hashed(struct mutation *mutation, struct api *api,
                                                               struct grpcx_call *call,
                                                               const Heliostat__V1__Mutation *message,
                                                               uint64_t hash);
/* result: of the fabric, or FABRIC_REFUSED with mutation->refusal filled in. head builds what shows objects
 * as they are then; tail (may be NULL) is what is known now. After validate_only both are built now, head
 * with outcome 0. Frees everything in *mutation. */
void mutation_end(struct mutation *mutation, int result, pending_head head, const ProtobufCMessage *tail);
/* The same for a change to slices: the reply shows the slices and the operation of the outcome, and of
 * plans[n_plans], which are read and freed, what was planned. plans NULL: nothing is planned. */
void mutation_end_slices(struct mutation *mutation, int result, const ProtobufCMessageDescriptor *reply,
                         struct fabric_plan *plans, size_t n_plans);
/* The same with another tail than plans; NULL: none. */
void mutation_end_slice(struct mutation *mutation, int result, const ProtobufCMessageDescriptor *reply,
                        const ProtobufCMessage *tail);
