/* Hostile bytes as a configuration: taken whole, or refused with a sentence and nothing changed. What was
 * taken can be printed and read again to the same. */
#include "daemon/access.h"
#include "daemon/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct config *config) {
    char *text = NULL;
    size_t len;
    FILE *file = open_memstream(&text, &len);
    if (!file)
        abort();
    config_print(config, file);
    fclose(file);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct config config, before, again;
    struct access access = {0};
    char error[CONFIG_ERROR_MAX] = "";
    config_init(&config);
    before = config;
    int r = config_read_text(&config, "fuzz", (const char *)data, size, error);
    if (r && (!*error || memcmp(&config, &before, sizeof(config)) != 0))
        abort();
    if (r)
        return 0;
    char *text = print(&config);
    config_init(&again);
    if (config_read_text(&again, "again", text, strlen(text), error) != 0)
        abort();
    char *other = print(&again);
    if (strcmp(text, other) != 0)
        abort();
    free(text);
    free(other);
    config.listen_tls_address[0] = '\0'; /* no files are opened */
    if (access_read(&config, &access, error) != 0 && !*error)
        abort();
    access_deinit(&access);
    return 0;
}
