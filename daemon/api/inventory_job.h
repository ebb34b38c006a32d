#pragma once
/* A new inventory from a request to the fabric. What takes long is done on another thread, over copies; the
 * fabric is looked at in short pieces in between. One after the other, in the order in which they came. When
 * the inventory of the fabric changed meanwhile, all is done anew; after some tries in one turn. */
#include "daemon/api/pending.h"
#include "inventory/diff.h"
#include "inventory/findings.h"

struct inventory_job;

struct inventory_job_kind {
    enum frozen frozen_new; /* of pods that were not there */
    /* Loop thread, before each preparation: copies of what it needs of the fabric. NULL: of nothing, and it
     * is prepared once. 0, FABRIC_REFUSED with mutation.refusal, or a negative errno. */
    int (*gather)(struct inventory_job *job);
    /* Other thread: fills in inventory, and says whether it is good, as above. */
    int (*prepare)(struct inventory_job *job);
    /* Loop thread, after the preparation: begins the mutation. NULL: it has begun. False: it was answered. */
    bool (*begin)(struct inventory_job *job);
    /* Loop thread, right before the fabric takes it, as above. May be NULL. */
    int (*check)(struct inventory_job *job);
    /* Loop thread: calls mutation_end() with the result. */
    void (*end)(struct inventory_job *job, int result);
    /* Any thread: frees what input and inventory own. */
    void (*drop)(struct inventory_job *job);
};

struct inventory_job {
    const struct inventory_job_kind *kind;
    struct api *api;
    struct grpcx_call *call;
    struct mutation mutation;
    Heliostat__V1__Inventory inventory;
    void *input;         /* of the kind */
    struct arena copies; /* of what gather looked at */
    struct inventory_findings findings;
    struct inventory_lines changes;

    /* Of inventory_job.c. */
    struct inventory_job *next;
    bool is_under_way, is_prepared, is_compared, is_cancelled;
    bool is_at_once; /* no other thread any more */
    bool is_waiting; /* until the inventory of the fabric is durable */
    int64_t ticket;
    int result;
    unsigned tries;
    uint64_t epoch;
    struct arena arena;
    struct fabric_pod_rows *rows;
    Heliostat__V1__Pod **before; /* [inventory.n_pods], NULL: not there */
    struct arena other_arena;
    Heliostat__V1__Pod *other; /* one that stays, to be compared with */
    char other_name[64];
};

/* NULL without memory. With a kind without begin, begin the mutation before inventory_job_start(). */
struct inventory_job *inventory_job_new(struct api *api, struct grpcx_call *call,
                                        const struct inventory_job_kind *kind);
void inventory_job_free(struct inventory_job *job);
/* Takes the job over, and answers the call. */
void inventory_job_start(struct inventory_job *job);
/* After the server was freed: those whose calls it ended. */
void inventory_jobs_free(struct api *api);
