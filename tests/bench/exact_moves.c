#include "exact_moves.h"

#ifdef HAVE_GLPK
#include <glpk.h>
#include <math.h>
#include <stdlib.h>

struct bundle {
    unsigned from, to, dimension, circuits;
};

/* Circuits by the pair of cubes that they join; only those with an end on a candidate. */
static unsigned find_bundles(const struct topo_pod *pod, const bool *is_candidate, struct bundle *bundles) {
    unsigned count = 0;
    for (unsigned from = 0; from < pod->wiring->n_cubes; from++)
        for (unsigned d = 0; d < 3; d++)
            for (unsigned to = 0; to < pod->wiring->n_cubes; to++) {
                unsigned circuits = 0;
                for (unsigned index = 0; index < TOPO_INDICES; index++)
                    circuits += pod->lit_far[from][2 * d][index] == (int)to;
                if (circuits && (is_candidate[from] || is_candidate[to]))
                    bundles[count++] = (struct bundle){from, to, d, circuits};
            }
    return count;
}

bool exact_moves(const struct topo_pod *pod, const struct topo_request *request, int limit_ms,
                 unsigned *ret_moves) {
    const struct topo_shape *shape = &request->shape;
    unsigned n = shape->n_cubes, n_cubes = 0;
    bool is_candidate[TOPO_CUBES_MAX] = {false};
    int column_of[TOPO_CUBES_MAX] = {0};
    for (unsigned cube = 0; cube < pod->wiring->n_cubes; cube++)
        if (!topo_pod_is_barred(pod, cube, NULL) && pod->damage[cube] == 0) {
            is_candidate[cube] = true;
            column_of[cube] = (int)n_cubes++;
        }
    if (n_cubes < n)
        return false;
    static struct bundle bundles[TOPO_CUBES_MAX * 6 * TOPO_INDICES];
    unsigned n_bundles = find_bundles(pod, is_candidate, bundles);
    glp_term_out(GLP_OFF);
    glp_prob *problem = glp_create_prob();
    glp_set_obj_dir(problem, GLP_MIN);
    /* Columns: at[p][c], 1 where cube c stands at position p; then for each bundle touched, and kept[p]. */
    int at = glp_add_cols(problem, (int)(n * n_cubes));
    for (unsigned i = 0; i < n * n_cubes; i++)
        glp_set_col_kind(problem, at + (int)i, GLP_BV);
    int touched = n_bundles ? glp_add_cols(problem, (int)n_bundles) : 0;
    int kept = n_bundles ? glp_add_cols(problem, (int)(n_bundles * n)) : 0;
    int *index = malloc(sizeof(int) * (n * n_cubes + n + 2));
    double *value = malloc(sizeof(double) * (n * n_cubes + n + 2));
    for (unsigned p = 0; p < n; p++) {
        int row = glp_add_rows(problem, 1);
        for (unsigned c = 0; c < n_cubes; c++)
            index[c + 1] = at + (int)(p * n_cubes + c), value[c + 1] = 1;
        glp_set_row_bnds(problem, row, GLP_FX, 1, 1);
        glp_set_mat_row(problem, row, (int)n_cubes, index, value);
    }
    for (unsigned c = 0; c < n_cubes; c++) {
        int row = glp_add_rows(problem, 1);
        for (unsigned p = 0; p < n; p++)
            index[p + 1] = at + (int)(p * n_cubes + c), value[p + 1] = 1;
        glp_set_row_bnds(problem, row, GLP_UP, 0, 1);
        glp_set_mat_row(problem, row, (int)n, index, value);
    }
    for (unsigned b = 0; b < n_bundles; b++) {
        const struct bundle *bundle = &bundles[b];
        int column = touched + (int)b;
        glp_set_col_bnds(problem, column, GLP_DB, 0, 1);
        glp_set_obj_coef(problem, column, bundle->circuits);
        unsigned ends[2] = {bundle->from, bundle->to};
        for (unsigned side = 0; side < 2; side++) { /* touched >= the cube is used */
            if (!is_candidate[ends[side]])
                continue;
            int row = glp_add_rows(problem, 1);
            for (unsigned p = 0; p < n; p++)
                index[p + 1] = at + (int)(p * n_cubes) + column_of[ends[side]], value[p + 1] = -1;
            index[n + 1] = column, value[n + 1] = 1;
            glp_set_row_bnds(problem, row, GLP_LO, 0, 0);
            glp_set_mat_row(problem, row, (int)n + 1, index, value);
        }
        for (unsigned p = 0; p < n; p++) { /* kept <= either cube stands where the circuit wants it */
            int column_kept = kept + (int)(b * n + p);
            bool both = is_candidate[bundle->from] && is_candidate[bundle->to];
            glp_set_col_bnds(problem, column_kept, both ? GLP_DB : GLP_FX, 0, both ? 1 : 0);
            glp_set_obj_coef(problem, column_kept, -2.0 * bundle->circuits);
            if (!both)
                continue;
            unsigned q = topo_shape_next(shape, p, bundle->dimension);
            int columns[2] = {at + (int)(p * n_cubes) + column_of[bundle->from],
                              at + (int)(q * n_cubes) + column_of[bundle->to]};
            for (unsigned side = 0; side < 2; side++) {
                int row = glp_add_rows(problem, 1);
                index[1] = column_kept, value[1] = 1;
                index[2] = columns[side], value[2] = -1;
                glp_set_row_bnds(problem, row, GLP_UP, 0, 0);
                glp_set_mat_row(problem, row, 2, index, value);
            }
        }
    }
    glp_iocp parameters;
    glp_init_iocp(&parameters);
    parameters.presolve = GLP_ON;
    parameters.tm_lim = limit_ms;
    bool solved = glp_intopt(problem, &parameters) == 0 && glp_mip_status(problem) == GLP_OPT;
    if (solved)
        *ret_moves = (unsigned)lround(48.0 * n + glp_mip_obj_val(problem));
    glp_delete_prob(problem);
    free(index);
    free(value);
    return solved;
}
#else
bool exact_moves(const struct topo_pod *pod, const struct topo_request *request, int limit_ms,
                 unsigned *ret_moves) {
    return false;
}
#endif
