#pragma once
/* The flags that say what a new slice shall be: ctl_read_spec() reads them. */
#include "ctl/command.h"

#define CTL_SPEC_FLAGS                                                                                       \
    {"topology", 't', CTL_VALUE_TEXT, "TOPOLOGY",                                                            \
     .help =                                                                                                 \
         "Chips in x, y and z: 8x8x8, or 4x4x8_untwisted for the plain torus of a shape that is twisted by " \
         "default"},                                                                                         \
        {"pod", 0, CTL_VALUE_TEXT, "POD", .object = CTL_OBJECT_POD, .help = "Pod (default: the only one)"},  \
        {"cubes",                                                                                            \
         0,                                                                                                  \
         CTL_VALUE_LIST,                                                                                     \
         "CUBES",                                                                                            \
         .object = CTL_OBJECT_CUBE,                                                                          \
         .help = "These cubes, in position order (x fastest)"},                                              \
        {"cube-set",                                                                                         \
         0,                                                                                                  \
         CTL_VALUE_LIST,                                                                                     \
         "CUBES",                                                                                            \
         .object = CTL_OBJECT_CUBE,                                                                          \
         .help = "These cubes, in any order"},                                                               \
        {"hosts", 0, CTL_VALUE_LIST, "NODES", .help = "The whole cubes of these hosts, by node name"},       \
        {"exclude", 0, CTL_VALUE_LIST, "CUBES", .object = CTL_OBJECT_CUBE, .help = "Not these cubes"},       \
        {"tolerate-missing", 0, CTL_VALUE_LIST, "LINKS",                                                     \
         .help = "Links that may be missing: one number for every dimension, or x,y,z (default 0)"},         \
        {"use-spares", 0, CTL_VALUE_NONE, .help = "Spare cubes may be taken"},                               \
        {"label", 'l', CTL_VALUE_TEXT, "KEY=VALUE", .repeatable = true, .help = "A label"},                  \
        {"disruption",                                                                                       \
         0,                                                                                                  \
         CTL_VALUE_TEXT,                                                                                     \
         "WHEN",                                                                                             \
         "ask|anytime",                                                                                      \
         .help = "When its circuits may be moved: after its owner agreed, or at once (default ask)"},        \
        {"or",                                                                                               \
         0,                                                                                                  \
         CTL_VALUE_TEXT,                                                                                     \
         "TOPOLOGY",                                                                                         \
         .repeatable = true,                                                                                 \
         .help = "Take this topology when the one before does not fit"},                                     \
        {"pack",   0,           CTL_VALUE_TEXT,                                                              \
         "DOMAIN", "row|power", .help = "Prefer cubes of few rows, or of few power domains"},                \
    {                                                                                                        \
        "spread", 0, CTL_VALUE_TEXT, "DOMAIN", "row|power",                                                  \
            .help = "Prefer cubes spread evenly over rows, or over power domains"                            \
    }
