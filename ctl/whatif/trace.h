#pragma once
/* Job and fault traces, read or made up, in the terms of the replay. */
#include "ctl/whatif/start.h"
#include "topology/whatif/duration.h"
#include "topology/whatif/replay.h"

/* More are refused: a replay keeps about 150 bytes a job. Files are streamed, so that they may be larger. */
#define WHATIF_JOBS_MAX 2000000u
#define WHATIF_FAULTS_MAX 4000000u

struct whatif_trace {
    struct ctl *ctl;
    struct topo_shape shapes[WHATIF_SHAPES_MAX];
    unsigned n_shapes;
    struct whatif_job *jobs;
    uint32_t n_jobs, max_jobs;
    struct whatif_fault *faults;
    uint32_t n_faults, max_faults;
    uint64_t skipped;          /* rows that are no job: never ran, or outside the window */
    int64_t from_ms, until_ms; /* arrivals outside are skipped; until_ms 0: all */
    bool round_up;             /* shapes that are none become the next larger one */
    unsigned largest_cubes;    /* of a slice, and of the pod */
};

void whatif_trace_init(struct whatif_trace *trace, struct ctl *ctl, const struct whatif_start *start);
/* The number of a shape, or -1 with a text in error: no shape, too large, too many different ones. */
int whatif_trace_shape(struct whatif_trace *trace, const char *text, char *error);
/* The smallest shape of at least so many chips, as round as can be. */
int whatif_trace_size(struct whatif_trace *trace, uint64_t chips, char *error);
bool whatif_trace_add(struct whatif_trace *trace, int64_t arrival_ms, int64_t duration_ms, unsigned shape,
                      char *error);
bool whatif_trace_fault(struct whatif_trace *trace, int64_t time_ms, enum whatif_fault_kind kind,
                        unsigned cube, unsigned host, char *error);
/* By time; what is equal stays in its order. Faults also by cube, host, kind. */
void whatif_trace_sort(struct whatif_trace *trace);

/* job id,arrival time (sec),topology,shape,size,duration (sec). An exit status. */
__attribute__((warn_unused_result)) int whatif_read_csv(struct whatif_trace *trace, const char *path);
/* Standard Workload Format 2.2; one processor is so many chips. */
__attribute__((warn_unused_result)) int whatif_read_swf(struct whatif_trace *trace, const char *path,
                                                        uint64_t chips_per_processor);
/* A JSON array of {"node_id", "event_time" (days), "event_type": "fault_start" | "fault_end"}. Nodes become
 * hosts in the order in which they are named: the first host of each cube, then the second ones. */
__attribute__((warn_unused_result)) int whatif_read_faults(struct whatif_trace *trace, const char *path,
                                                           unsigned n_cubes, const char **ret_note);
/* The pod's own past: what the audit trail of the daemon says. since: RFC 3339, or "". */
__attribute__((warn_unused_result)) int whatif_read_audit(struct whatif_trace *trace, const char *since,
                                                          const char **ret_note);

/* Shares of slices by topology, normalised. */
struct whatif_mix {
    uint8_t shape[WHATIF_SHAPES_MAX];
    double share[WHATIF_SHAPES_MAX];
    unsigned n;
    double left_out; /* the share of shapes larger than the pod allows, before normalising */
};
/* "published" or a CSV file topology,chips,percent. An exit status. */
__attribute__((warn_unused_result)) int whatif_read_mix(struct whatif_trace *trace, const char *name,
                                                        struct whatif_mix *ret_mix);
/* Gives every job a shape drawn from the mix. */
void whatif_resample(struct whatif_trace *trace, const struct whatif_mix *mix, uint64_t seed);

struct whatif_synthesis {
    uint32_t n_jobs;
    int64_t span_ms;
    double load;  /* offered: chips x time of all jobs against chips x span */
    double sigma; /* of the logarithm of the durations */
};
/* Poisson arrivals, lognormal durations with the mean that gives the load. */
__attribute__((warn_unused_result)) int whatif_make_jobs(struct whatif_trace *trace,
                                                         const struct whatif_synthesis *synthesis,
                                                         const struct whatif_mix *mix, unsigned n_cubes,
                                                         uint64_t seed);
struct whatif_wear {
    int64_t host_mtbf_ms, row_mtbf_ms, ocs_mtbf_ms; /* 0: never */
    struct whatif_duration repair, row_repair, ocs_repair;
};
__attribute__((warn_unused_result)) int whatif_make_faults(struct whatif_trace *trace,
                                                           const struct whatif_wear *wear,
                                                           const struct whatif_start *start, int64_t span_ms,
                                                           uint64_t seed);
