/* Any string as a topology: parsed or refused with a text, and what was parsed is valid. */
#include "topology/shape.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct topo_shape shape;
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    char error[200];
    memset(error, 'x', sizeof(error));
    int r = topo_shape_parse(text, &shape, error, sizeof(error));
    if (r < 0 || (r > 0 && !memchr(error, '\0', sizeof(error))))
        abort();
    if (r == 0 && !topo_shape_is_valid(&shape))
        abort();
    free(text);
    return 0;
}
