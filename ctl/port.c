/* helioctl port */
#include "ctl/maintenance.h"
#include "ctl/registry.h"

static const struct ctl_flag move_flags[] = {
    {"to", 0, CTL_VALUE_TEXT, "PORT",
     .help = "With --prepare: the spare port of the same switch and side, A69"},
    {"prepare", 0, CTL_VALUE_NONE,
     .help = "Remove the circuit, block both ports, wait until it is safe to touch"},
    {"done", 0, CTL_VALUE_NONE, .help = "The fiber is on the other port: commit the wiring, connect"},
    {"cancel", 0, CTL_VALUE_NONE, .help = "The fiber stays where it was"},
    {"reason", 0, CTL_VALUE_TEXT, "TEXT", .help = "Why, for the record"},
    {"disrupt", 0, CTL_VALUE_NONE, .help = "An operator's word instead of the slices' owners'"},
    {0},
};

#define PORT                                                                                                 \
    { "PORT", false, CTL_OBJECT_OTHER, "Name of the port, ocs-x-05/A17" }

static const struct ctl_command commands[] = {
    {"maintain",
     "Make a port safe to touch, and keep it so until maintain-done",
     NULL,
     {PORT},
     ctl_maintain_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_maintain},
    {"maintain-done",
     "Give a port back",
     NULL,
     {PORT},
     NULL,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT,
     NULL,
     ctl_maintain_done},
    {"move",
     "Move the fiber of a port to a spare port of the same switch, by hand, in three steps",
     "--prepare --to SPARE makes both ports dark. Move the fiber. --done commits the new place and connects "
     "it, --cancel "
     "goes back.",
     {PORT},
     move_flags,
     CTL_FLAGS_MUTATION | CTL_FLAGS_WAIT | CTL_FLAGS_DESTRUCTIVE,
     NULL,
     ctl_port_move},
    {0},
};

const struct ctl_noun ctl_noun_port = {"port", "Ports of the switches", commands};
