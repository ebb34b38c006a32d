/* Reads descriptors straight off the wire: a FileDescriptorSet is served as the bytes it is, only the names
 * in it are looked at. The numbers of the fields are those of google/protobuf/descriptor.proto. */
#include "proto/grpc/reflection.h"
#include "proto/grpc/reflection.pb-c.h"
#include "proto/grpc/wire.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

enum { DEPTH_MAX = 16 };

struct file {
    char *name;
    const uint8_t *bytes;
    size_t len;
};

enum symbol_kind { SYMBOL_OTHER, SYMBOL_MESSAGE, SYMBOL_SERVICE };

struct symbol {
    char *name;
    size_t file;
    enum symbol_kind kind;
};

struct grpcx_reflection {
    struct grpcx_server *server;
    struct grpcx_method methods[2];
    struct file *files;
    size_t n_files;
    struct symbol *symbols; /* sorted by name */
    size_t n_symbols, cap_symbols;
};

static bool next(const uint8_t **p, const uint8_t *end, struct grpcx_field *field, int *error) {
    if (*error || *p == end)
        return false;
    *error = grpcx_field_next(p, end, field);
    return *error == 0;
}

/* The text of a descriptor's field; NULL when there is none, or without memory. */
static char *read_text(const uint8_t *bytes, size_t len, uint64_t number) {
    const uint8_t *p = bytes;
    struct grpcx_field field;
    int error = 0;
    while (next(&p, bytes + len, &field, &error))
        if (field.number == number && field.wire == 2)
            return strndup((const char *)field.data, field.len);
    return NULL;
}

static char *join(const char *scope, const char *name) {
    char *joined = NULL;
    if (asprintf(&joined, "%s%s%s", scope, *scope ? "." : "", name) < 0)
        return NULL;
    return joined;
}

/* Takes over name. */
static int add_symbol(struct grpcx_reflection *r, char *name, size_t file, enum symbol_kind kind) {
    if (r->n_symbols == r->cap_symbols) {
        size_t cap = r->cap_symbols ? 2 * r->cap_symbols : 256;
        struct symbol *symbols = realloc(r->symbols, cap * sizeof(*symbols));
        if (!symbols) {
            free(name);
            return -ENOMEM;
        }
        r->symbols = symbols;
        r->cap_symbols = cap;
    }
    r->symbols[r->n_symbols++] = (struct symbol){.name = name, .file = file, .kind = kind};
    return 0;
}

/* What stands inside a descriptor under which field, and whether its name is a scope for what it holds. */
struct part {
    uint64_t number;
    const struct part *inside;
    enum symbol_kind kind;
    bool beside; /* named in the scope around the descriptor: enum values */
};
static const struct part none[] = {{0}};
static const struct part in_enum[] = {{2, none, SYMBOL_OTHER, true}, {0}};
static const struct part in_service[] = {{2, none, SYMBOL_OTHER, false}, {0}};
static const struct part in_message[] = {
    {2, none, SYMBOL_OTHER, false}, {3, in_message, SYMBOL_MESSAGE, false}, {4, in_enum, SYMBOL_OTHER, false},
    {6, none, SYMBOL_OTHER, false}, {8, none, SYMBOL_OTHER, false},         {0},
};
static const struct part in_file[] = {
    {4, in_message, SYMBOL_MESSAGE, false},
    {5, in_enum, SYMBOL_OTHER, false},
    {6, in_service, SYMBOL_SERVICE, false},
    {7, none, SYMBOL_OTHER, false},
    {0},
};

/* own: the full name of the descriptor in bytes; around: of what it stands in. */
static int add_parts(struct grpcx_reflection *r, size_t file, const uint8_t *bytes, size_t len,
                     const struct part *parts, const char *own, const char *around, unsigned depth) {
    const uint8_t *p = bytes;
    struct grpcx_field field;
    int error = depth > DEPTH_MAX ? -EBADMSG : 0;
    while (next(&p, bytes + len, &field, &error)) {
        const struct part *part = parts;
        while (part->number && part->number != field.number)
            part++;
        if (!part->number || field.wire != 2)
            continue;
        char *name = read_text(field.data, field.len, 1);
        char *full = name ? join(part->beside ? around : own, name) : NULL;
        error = !name ? -EBADMSG : !full ? -ENOMEM : 0;
        free(name);
        if (!error)
            error = add_parts(r, file, field.data, field.len, part->inside, full, own, depth + 1);
        if (!error)
            error = add_symbol(r, full, file, part->kind);
        else
            free(full);
    }
    return error;
}

static const struct file *find_file(const struct grpcx_reflection *r, const char *name) {
    for (size_t i = 0; i < r->n_files; i++)
        if (!strcmp(r->files[i].name, name))
            return &r->files[i];
    return NULL;
}

static int add_file(struct grpcx_reflection *r, const uint8_t *bytes, size_t len) {
    char *name = read_text(bytes, len, 1);
    if (!name)
        return -EBADMSG;
    if (find_file(r, name)) {
        free(name);
        return 0;
    }
    struct file *files = realloc(r->files, (r->n_files + 1) * sizeof(*files));
    if (!files) {
        free(name);
        return -ENOMEM;
    }
    r->files = files;
    r->files[r->n_files++] = (struct file){.name = name, .bytes = bytes, .len = len};
    char *package = read_text(bytes, len, 2);
    int error = add_parts(r, r->n_files - 1, bytes, len, in_file, package ? package : "", "", 0);
    free(package);
    return error;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static const struct symbol *find_symbol(const struct grpcx_reflection *r, const char *name) {
    struct symbol key = {.name = (char *)name};
    return r->n_symbols ? bsearch(&key, r->symbols, r->n_symbols, sizeof(key), by_name) : NULL;
}

static void cut_back(struct grpcx_reflection *r, size_t n_files, size_t n_symbols) {
    while (r->n_files > n_files)
        free(r->files[--r->n_files].name);
    while (r->n_symbols > n_symbols)
        free(r->symbols[--r->n_symbols].name);
}

int grpcx_reflection_add(struct grpcx_reflection *reflection, const uint8_t *set, size_t len) {
    size_t n_files = reflection->n_files, n_symbols = reflection->n_symbols;
    const uint8_t *p = set;
    struct grpcx_field field;
    int error = 0;
    while (next(&p, set + len, &field, &error))
        if (field.number == 1 && field.wire == 2)
            error = add_file(reflection, field.data, field.len);
    if (error) {
        cut_back(reflection, n_files, n_symbols);
        return error;
    }
    if (reflection->n_symbols)
        qsort(reflection->symbols, reflection->n_symbols, sizeof(*reflection->symbols), by_name);
    return 0;
}

/* Marks a file and all that it imports. */
static void mark(const struct grpcx_reflection *r, const struct file *file, bool *wanted) {
    const uint8_t *p = file->bytes;
    struct grpcx_field field;
    int error = 0;
    if (wanted[file - r->files])
        return;
    wanted[file - r->files] = true;
    while (next(&p, file->bytes + file->len, &field, &error)) {
        char *name =
            field.number == 3 && field.wire == 2 ? strndup((const char *)field.data, field.len) : NULL;
        const struct file *import = name ? find_file(r, name) : NULL;
        free(name);
        if (import)
            mark(r, import, wanted);
    }
}

static int send_error(struct grpcx_call *call, Response *response, enum grpcx_status status,
                      const char *text) {
    Grpc__Reflection__V1__ErrorResponse error = GRPC__REFLECTION__V1__ERROR_RESPONSE__INIT;
    error.error_code = status;
    error.error_message = (char *)text;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
    response->error_response = &error;
    return grpcx_call_send(call, &response->base);
}

static int send_files(struct grpcx_call *call, const struct grpcx_reflection *r, Response *response,
                      const struct file *file) {
    Grpc__Reflection__V1__FileDescriptorResponse files = GRPC__REFLECTION__V1__FILE_DESCRIPTOR_RESPONSE__INIT;
    if (!file)
        return send_error(call, response, GRPCX_NOT_FOUND, "no such file or symbol");
    bool *wanted = calloc(r->n_files, sizeof(*wanted));
    ProtobufCBinaryData *data = calloc(r->n_files, sizeof(*data));
    int result = -ENOMEM;
    if (wanted && data) {
        mark(r, file, wanted);
        files.file_descriptor_proto = data;
        data[files.n_file_descriptor_proto++] =
            (ProtobufCBinaryData){.len = file->len, .data = (uint8_t *)file->bytes};
        for (size_t i = 0; i < r->n_files; i++)
            if (wanted[i] && &r->files[i] != file)
                data[files.n_file_descriptor_proto++] =
                    (ProtobufCBinaryData){.len = r->files[i].len, .data = (uint8_t *)r->files[i].bytes};
        response->message_response_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
        response->file_descriptor_response = &files;
        result = grpcx_call_send(call, &response->base);
    }
    free(wanted);
    free(data);
    return result;
}

static int send_services(struct grpcx_call *call, const struct grpcx_reflection *r, Response *response) {
    Grpc__Reflection__V1__ListServiceResponse list = GRPC__REFLECTION__V1__LIST_SERVICE_RESPONSE__INIT;
    Grpc__Reflection__V1__ServiceResponse *services = calloc(r->n_symbols + 1, sizeof(*services));
    Grpc__Reflection__V1__ServiceResponse **pointers = calloc(r->n_symbols + 1, sizeof(*pointers));
    int result = -ENOMEM;
    if (services && pointers) {
        for (size_t i = 0; i < r->n_symbols; i++) {
            if (r->symbols[i].kind != SYMBOL_SERVICE || !grpcx_server_serves(r->server, r->symbols[i].name))
                continue;
            Grpc__Reflection__V1__ServiceResponse *service = &services[list.n_service];
            grpc__reflection__v1__service_response__init(service);
            service->name = r->symbols[i].name;
            pointers[list.n_service++] = service;
        }
        list.service = pointers;
        response->message_response_case =
            GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
        response->list_services_response = &list;
        result = grpcx_call_send(call, &response->base);
    }
    free(services);
    free(pointers);
    return result;
}

static int send_extensions(struct grpcx_call *call, const struct grpcx_reflection *r, Response *response,
                           char *type) {
    Grpc__Reflection__V1__ExtensionNumberResponse numbers =
        GRPC__REFLECTION__V1__EXTENSION_NUMBER_RESPONSE__INIT;
    const struct symbol *symbol = find_symbol(r, type);
    if (!symbol || symbol->kind != SYMBOL_MESSAGE)
        return send_error(call, response, GRPCX_NOT_FOUND, "no such message");
    numbers.base_type_name = type;
    response->message_response_case =
        GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ALL_EXTENSION_NUMBERS_RESPONSE;
    response->all_extension_numbers_response = &numbers;
    return grpcx_call_send(call, &response->base);
}

static void on_message(struct grpcx_call *call, const ProtobufCMessage *msg, void *userdata) {
    const struct grpcx_reflection *r = userdata;
    Request *request = (Request *)msg;
    Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    response.valid_host = request->host;
    response.original_request = request;
    int result;
    const struct symbol *symbol;
    switch (request->message_request_case) {
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
        result = send_files(call, r, &response, find_file(r, request->file_by_filename));
        break;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
        symbol = find_symbol(r, request->file_containing_symbol);
        result = send_files(call, r, &response, symbol ? &r->files[symbol->file] : NULL);
        break;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_EXTENSION:
        result = send_error(call, &response, GRPCX_NOT_FOUND, "there are no extensions");
        break;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
        result = send_extensions(call, r, &response, request->all_extension_numbers_of_type);
        break;
    case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
        result = send_services(call, r, &response);
        break;
    default:
        result = send_error(call, &response, GRPCX_INVALID_ARGUMENT, "message_request is not set");
    }
    if (result < 0)
        grpcx_call_finish(call, GRPCX_RESOURCE_EXHAUSTED, "the answer cannot be sent now", NULL, 0);
}

static void on_half_close(struct grpcx_call *call, void *userdata) {
    grpcx_call_finish(call, GRPCX_OK, NULL, NULL, 0);
}

static void begin(struct grpcx_call *call, const ProtobufCMessage *request, void *userdata) {
    struct grpcx_call_callbacks callbacks = {
        .on_message = on_message, .on_half_close = on_half_close, .userdata = userdata};
    grpcx_call_set_callbacks(call, &callbacks);
}

int grpcx_reflection_new(struct grpcx_server *server, struct grpcx_reflection **ret_reflection) {
    static const char *const paths[] = {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};
    struct grpcx_reflection *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->server = server;
    for (size_t i = 0; i < 2; i++)
        r->methods[i] = (struct grpcx_method){
            paths[i], &grpc__reflection__v1__server_reflection_request__descriptor, GRPCX_BIDI, begin, r};
    int result = grpcx_server_add_methods(server, r->methods, 2);
    if (result < 0) {
        free(r);
        return result;
    }
    *ret_reflection = r;
    return 0;
}

void grpcx_reflection_free(struct grpcx_reflection *reflection) {
    if (!reflection)
        return;
    cut_back(reflection, 0, 0);
    free(reflection->files);
    free(reflection->symbols);
    free(reflection);
}
