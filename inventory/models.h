#pragma once
/* The pod models that this build knows. Source: the published figures of these machines; the port counts of
 * the later ones are estimates. */

struct inventory_model {
    const char *name;
    unsigned cubes;
    unsigned
        ports; /* on each of the two sides of each switch; one per cube is cabled, four more are spares */
    unsigned largest_slice_chips;
};

/* NULL: there is none of that name; inventory_model_names() for the message. */
const struct inventory_model *inventory_model_find(const char *name);
/* The models in order, NULL after the last. */
const struct inventory_model *inventory_model_at(unsigned i);
/* "tpu-v4, tpu-v5p, ..." */
const char *inventory_model_names(void);
