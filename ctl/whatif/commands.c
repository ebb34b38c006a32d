/* The command table of helioctl whatif. */
#include "ctl/command.h"
#include "ctl/registry.h"
#include "ctl/whatif/report.h"
#include "ctl/whatif/start.h"
#include "ctl/whatif/whatif.h"

#define SEED_FLAG                                                                                            \
    {                                                                                                        \
        "seed", 0, CTL_VALUE_NUMBER, "SEED",                                                                 \
            .help = "Random seed (default 1); the same seed gives the same answer"                           \
    }
#define THREADS_FLAG                                                                                         \
    { "threads", 0, CTL_VALUE_NUMBER, "N", .help = "Threads (default one a core); no effect on the answer" }
#define TRIALS_FLAG(n)                                                                                       \
    { "trials", 0, CTL_VALUE_NUMBER, "N", .help = "Trials to draw (default " n ")" }

static const struct ctl_flag snapshot_flags[] = {
    {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Only this pod"},
    {0},
};

static const struct ctl_flag goodput_flags[] = {
    {"model", 0, CTL_VALUE_TEXT, "MODEL", .help = "Pod model (default tpu-v4)"},
    {"host", 0, CTL_VALUE_LIST, "SHARE", .help = "Availability of a host (default 99%,99.5%,99.9%)"},
    {"link", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of one optical link of a cube (default 1)"},
    {"ocs", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of a switch (default 1)"},
    {"tolerate-ocses", 0, CTL_VALUE_NUMBER, "N",
     .help = "Dead switches that slices route around (default 0)"},
    {"power", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of a power domain of cubes (default 1)"},
    {"cubes-per-domain", 0, CTL_VALUE_NUMBER, "N", .help = "Cubes that share a power domain (default 8)"},
    {"size", 0, CTL_VALUE_LIST, "CHIPS", .help = "Slice sizes (default 64 to 4096)"},
    {"confidence", 0, CTL_VALUE_TEXT, "SHARE",
     .help = "With what probability the slices must be there (default 97%)"},
    TRIALS_FLAG("1000000"),
    SEED_FLAG,
    THREADS_FLAG,
    {0},
};

static const struct ctl_flag spares_flags[] = {
    {"model", 0, CTL_VALUE_TEXT, "MODEL", .help = "Pod model (default tpu-v4)"},
    {"cubes", 0, CTL_VALUE_NUMBER, "N", .help = "Cubes that must be there (default all of the model)"},
    {"want", 0, CTL_VALUE_LIST, "SHARE", .help = "With what probability (default 95%,99%,99.9%)"},
    {"host", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of a host (default 99.9%)"},
    {"link", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of one optical link of a cube (default 1)"},
    {"ocs", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of a switch (default 1)"},
    {"tolerate-ocses", 0, CTL_VALUE_NUMBER, "N",
     .help = "Dead switches that slices route around (default 0)"},
    {"power", 0, CTL_VALUE_TEXT, "SHARE", .help = "Availability of a power domain of cubes (default 1)"},
    {"cubes-per-domain", 0, CTL_VALUE_NUMBER, "N", .help = "Cubes that share a power domain (default 8)"},
    TRIALS_FLAG("200000; 0: closed form only"),
    SEED_FLAG,
    THREADS_FLAG,
    {0},
};

static const struct ctl_flag train_flags[] = {
    {"cubes", 0, CTL_VALUE_NUMBER, "N", .help = "Cubes of the job (default 48)"},
    {"spares", 0, CTL_VALUE_LIST, "N", .help = "Spare cubes to compare (default 0,2,4,6,8,10,12)"},
    {"host-mtbf", 0, CTL_VALUE_TEXT, "TIME",
     .help = "Mean time between failures of one host (default 1250d)"},
    {"repair", 0, CTL_VALUE_TEXT, "DISTRIBUTION",
     .help = "7d, 3d-14d, exp:7d or lognormal:5d:0.8 (default 3d-14d)"},
    {"checkpoint-every", 0, CTL_VALUE_TEXT, "TIME", .help = "Work between checkpoints (default 30m)"},
    {"checkpoint-cost", 0, CTL_VALUE_TEXT, "TIME", .help = "Time to write one (default 30s)"},
    {"swap", 0, CTL_VALUE_TEXT, "TIME", .help = "Time to swap a cube (default 60s)"},
    {"restart", 0, CTL_VALUE_TEXT, "TIME", .help = "Time to restart the job (default 5m)"},
    {"horizon", 0, CTL_VALUE_TEXT, "TIME", .help = "Length of one trial (default 90d)"},
    TRIALS_FLAG("1000"),
    SEED_FLAG,
    THREADS_FLAG,
    {0},
};

#define SCRIPT_FLAGS                                                                                         \
    {"file",                                                                                                 \
     'f',                                                                                                    \
     CTL_VALUE_TEXT,                                                                                         \
     "FILE",                                                                                                 \
     .object = CTL_OBJECT_FILE,                                                                              \
     .help = "Do the steps of this script first"},                                                           \
        {"degraded", 0, CTL_VALUE_NONE, .help = "New slices may lack the links of dead switches"},           \
        {"use-spares", 0, CTL_VALUE_NONE, .help = "New slices may take spares"}, {                           \
        "keep-ports", 0, CTL_VALUE_NUMBER, "N",                                                              \
            .help = "Ports a side of each switch that stay free when cubes are bought (default 4)"           \
    }

static const struct ctl_flag now_flags[] = {WHATIF_START_FLAGS, SCRIPT_FLAGS, {0}};

static const struct ctl_flag run_flags[] = {
    WHATIF_START_FLAGS,
    {"file", 'f', CTL_VALUE_TEXT, "FILE", .required = true, .object = CTL_OBJECT_FILE, .help = "The script"},
    {"degraded", 0, CTL_VALUE_NONE, .help = "New slices may lack the links of dead switches"},
    {"use-spares", 0, CTL_VALUE_NONE, .help = "New slices may take spares"},
    {"keep-ports", 0, CTL_VALUE_NUMBER, "N",
     .help = "Ports a side of each switch that stay free when cubes are bought (default 4)"},
    {0},
};

static const struct ctl_flag sweep_flags[] = {
    WHATIF_START_FLAGS,
    {"depth", 0, CTL_VALUE_NUMBER, "N", .help = "Failures at once, 1 or 2 (default 1)"},
    {"of", 0, CTL_VALUE_LIST, "KIND", .help = "cube, row, power, ocs, ocs-power (default all)"},
    SCRIPT_FLAGS,
    THREADS_FLAG,
    {0},
};

#define TRACE_FLAGS                                                                                          \
    {"jobs", 0, CTL_VALUE_NUMBER, "N", .help = "Without a file: make up so many jobs (default 10000)"},      \
        {"span", 0, CTL_VALUE_TEXT, "TIME", .help = "over this time (default 30d)"},                         \
        {"load", 0, CTL_VALUE_TEXT, "SHARE", .help = "asking for this share of the pod (default 80%)"},      \
        {"mix",                                                                                              \
         0,                                                                                                  \
         CTL_VALUE_TEXT,                                                                                     \
         "published|FILE",                                                                                   \
         .object = CTL_OBJECT_FILE,                                                                          \
         .help = "Draw the sizes from the published slice mix, or from a file topology,chips,percent"},      \
        {"from", 0, CTL_VALUE_TEXT, "TIME", .help = "Only jobs that arrive from here on"},                   \
        {"until", 0, CTL_VALUE_TEXT, "TIME", .help = "and before this time of the trace"},                   \
        {"round-up", 0, CTL_VALUE_NONE, .help = "Take shapes that no slice has as the next larger one"},     \
        {"chips-per-processor", 0, CTL_VALUE_NUMBER, "N", .help = "In SWF files (default 1)"},               \
        {"from-audit", 0, CTL_VALUE_NONE,                                                                    \
         .help = "The jobs are this pod's own past, from the daemon's audit trail"},                         \
    {                                                                                                        \
        "since", 0, CTL_VALUE_TEXT, "TIME", .help = "With --from-audit: from this time on, RFC 3339"         \
    }

static const struct ctl_flag replay_flags[] = {
    WHATIF_START_FLAGS,
    {"policy", 0, CTL_VALUE_LIST, "POLICY",
     .help = "reuse, first-fit or fixed, then +defrag and +spares=N (default "
             "reuse,first-fit,fixed,fixed+defrag)"},
    TRACE_FLAGS,
    {"faults", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "Failure trace: JSON array of node_id, event_time (days), event_type"},
    {"host-mtbf", 0, CTL_VALUE_TEXT, "TIME",
     .help = "Make up host failures with this mean time between them for one host"},
    {"repair", 0, CTL_VALUE_TEXT, "DISTRIBUTION",
     .help = "7d, 3d-14d, exp:7d or lognormal:5d:0.8 (default 3d-14d)"},
    {"row-mtbf", 0, CTL_VALUE_TEXT, "TIME", .help = "Make up failures of whole rows"},
    {"row-repair", 0, CTL_VALUE_TEXT, "DISTRIBUTION", .help = "(default 4h-1d)"},
    {"ocs-mtbf", 0, CTL_VALUE_TEXT, "TIME",
     .help = "Make up failures of switches; jobs restart, new slices do without its links"},
    {"ocs-repair", 0, CTL_VALUE_TEXT, "DISTRIBUTION", .help = "(default 1d-7d)"},
    {"queue", 0, CTL_VALUE_TEXT, "ORDER", "fifo|backfill", .help = "Order of the queue (default backfill)"},
    {"patience", 0, CTL_VALUE_TEXT, "TIME",
     .help = "Nothing overtakes a job that waited for longer (default 7d)"},
    {"depth", 0, CTL_VALUE_NUMBER, "N", .help = "Jobs of the queue that are looked at (default 256; 0: all)"},
    {"checkpoint-every", 0, CTL_VALUE_TEXT, "TIME",
     .help = "Work between checkpoints (default 30m; 0s: none)"},
    {"restart", 0, CTL_VALUE_TEXT, "TIME", .help = "Time to restart a job (default 5m)"},
    {"swap", 0, CTL_VALUE_TEXT, "TIME", .help = "Time to swap a cube (default 60s)"},
    {"move", 0, CTL_VALUE_TEXT, "TIME", .help = "Standstill of a job that is moved (default 10m)"},
    {"defrag-every", 0, CTL_VALUE_TEXT, "TIME", .help = "At most once in this time (default 1h)"},
    {"log", 0, CTL_VALUE_TEXT, "FILE", .object = CTL_OBJECT_FILE,
     .help = "Write every step as a line of JSON"},
    SEED_FLAG,
    THREADS_FLAG,
    {0},
};

static const struct ctl_flag trace_flags[] = {WHATIF_START_FLAGS, TRACE_FLAGS, SEED_FLAG, {0}};

static const struct ctl_command commands[] = {
    {"snapshot",
     "Save what the daemon knows now, at one revision, as JSON",
     "The file is what --snapshot of the other commands takes.",
     {{0}},
     snapshot_flags,
     0,
     NULL,
     whatif_snapshot},
    {"fit",
     "Whether slices would fit, all together",
     "TOPOLOGY*3 asks for three. Exit status 6: they do not.",
     {{"TOPOLOGY", false, CTL_OBJECT_OTHER, "8x8x8, or 4x8x8*3 for three", .repeats = true}},
     now_flags,
     0,
     WHATIF_FORMATS,
     whatif_now},
    {"fail",
     "What a failure would do, and what could be repaired",
     "Exit status 6: a slice is lost.",
     {{"WHAT", false, CTL_OBJECT_CUBE,
       "cube-07, cube-07/host-03, cube-07:+x:5, ocs-x-03, row-2, power-2, ocs-power-1", .repeats = true}},
     now_flags,
     0,
     WHATIF_FORMATS,
     whatif_now},
    {"drain",
     "Whether cubes could be emptied, and where their slices would go",
     "Exit status 6: a slice must stay.",
     {{"WHAT", false, CTL_OBJECT_CUBE, "cube-07, row-2, power-2", .repeats = true}},
     now_flags,
     0,
     WHATIF_FORMATS,
     whatif_now},
    {"buy",
     "What more cubes would bring, up to the free ports of the switches",
     "Exit status 6: not as many can be cabled.",
     {{"N", false, CTL_OBJECT_OTHER, "How many cubes"}},
     now_flags,
     0,
     WHATIF_FORMATS,
     whatif_now},
    {"run",
     "Several steps, one after the other, from a script",
     "A line is one step: fit TOPOLOGY..., place NAME TOPOLOGY, release NAME, fail WHAT..., repair WHAT..., "
     "drain WHAT..., buy N. "
     "What follows a # is for people.",
     {{0}},
     run_flags,
     0,
     WHATIF_FORMATS,
     whatif_now},
    {"sweep",
     "What every single failure would do, or every two at once, the worst first",
     NULL,
     {{0}},
     sweep_flags,
     0,
     WHATIF_FORMATS,
     whatif_sweep},
    {"goodput",
     "How many slices of each size a pod can promise, with optics and without",
     "Draws every host of every trial, and computes the closed form where there is one.",
     {{0}},
     goodput_flags,
     0,
     WHATIF_FORMATS,
     whatif_goodput},
    {"spares",
     "How many spare cubes so that enough are there",
     NULL,
     {{0}},
     spares_flags,
     0,
     WHATIF_FORMATS,
     whatif_spares},
    {"train",
     "How much of the time a long job really trains, by spares",
     NULL,
     {{0}},
     train_flags,
     0,
     WHATIF_FORMATS,
     whatif_train},
    {"replay",
     "Run a job trace through the pod under several policies, side by side",
     "The trace is a CSV file (job id,arrival time (sec),topology,shape,size,duration (sec)), an SWF file "
     "(its name ends in .swf), "
     "the audit trail, or made up. The slices that stand now are not part of it.",
     {{"TRACE", true, CTL_OBJECT_FILE, "Job trace; none: one is made up"}},
     replay_flags,
     0,
     WHATIF_FORMATS,
     whatif_replay},
    {"trace",
     "Print a job trace as CSV: made up, resampled or converted",
     NULL,
     {{"TRACE", true, CTL_OBJECT_FILE, "Job trace; none: one is made up"}},
     trace_flags,
     0,
     NULL,
     whatif_trace},
    {0},
};

const struct ctl_noun ctl_noun_whatif = {
    "whatif", "Try things out on a copy: nothing here touches the fabric", commands};
