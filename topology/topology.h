#pragma once
/* The topology library, all of it. Pure computation: no I/O, no clock, no threads, no globals; the same input
 * gives the same answer. It knows cubes by number and switches by number; names belong to its callers.
 *
 *   shape.h     what "8x8x16_twisted" means, neighbours, all shapes
 *   wiring.h    the fiber table
 *   pod.h       what a plan must know of a pod now: used, healthy, damaged, lit
 *   plan.h      whole-cube slices: create, swap, count mirror moves
 *   change.h    reshape (grow, shrink, twist), and ordered changes for the switches
 *   part.h      slices inside one cube; defrag.h: moving them together
 *   gang.h      several slices at once, with alternatives; fleet.h: which of many pods
 *   explain.h   the nearest shape, what would help, why this cube
 *   analysis.h  what a network is worth; advice.h: which shape suits a job
 *   fixed.h     the same pod without optical switches
 *   circuit.h   the circuits of a slice, ranks of its hosts
 *
 * Results: 0 is success, a positive number a named outcome of the module, a negative one an errno. Outputs
 * are called ret_... and are untouched on failure. Sizes of arrays are limits of this build, in the headers.
 * Only analysis.h and advice.h allocate; nothing needs more than 128 KiB of stack. */
#include "topology/advice.h"
#include "topology/analysis.h"
#include "topology/change.h"
#include "topology/circuit.h"
#include "topology/defrag.h"
#include "topology/explain.h"
#include "topology/fixed.h"
#include "topology/fleet.h"
#include "topology/gang.h"
#include "topology/part.h"
#include "topology/plan.h"
#include "topology/pod.h"
#include "topology/shape.h"
#include "topology/wiring.h"
