#pragma once
/* The connection to heliostatd, and what its answers mean for the exit status. */
#include "ctl/ctl.h"
#include "proto/grpc/client.h"

#define CTL_CALL_TIMEOUT_MS 60000

struct ctl_client;
/* NULL is fine. */
void ctl_client_free(struct ctl_client *client);

/* Connects once. An exit status, with the error printed unless quiet; 0 done. */
__attribute__((warn_unused_result)) int ctl_connect(struct ctl *ctl, bool quiet);
/* Gives up the connection, so that the next call makes a new one. */
void ctl_disconnect(struct ctl *ctl);
struct grpcx_client *ctl_grpc(struct ctl *ctl);

/* One unary call, "SliceService/GetSlice". The response lives as long as ctl. An exit status, with the error
 * printed; 0 done. */
__attribute__((warn_unused_result)) int ctl_call(struct ctl *ctl, const char *method,
                                                 const ProtobufCMessage *request,
                                                 const ProtobufCMessageDescriptor *response,
                                                 void *ret_response);
/* The same, silent: completion asks for names. */
__attribute__((warn_unused_result)) int ctl_call_quietly(struct ctl *ctl, const char *method,
                                                         const ProtobufCMessage *request,
                                                         const ProtobufCMessageDescriptor *response,
                                                         void *ret_response);
/* A client-streaming call: sends messages[n] in order and waits for the one answer. */
__attribute__((warn_unused_result)) int ctl_call_in_pieces(struct ctl *ctl, const char *method,
                                                           const ProtobufCMessage *const *messages, size_t n,
                                                           const ProtobufCMessageDescriptor *response,
                                                           void *ret_response);

/* Prints why a call failed; the exit status for it. */
int ctl_report_failure(struct ctl *ctl, const struct grpcx_result *result);
/* The exit status alone. */
int ctl_exit_of_result(const struct grpcx_result *result);
