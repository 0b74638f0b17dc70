// SPDX-License-Identifier: Apache-2.0
// What a command works with: its streams, the flags that all commands take, the connection made on first use, and what went wrong.
#ifndef CUBE_CUBECTL_SESSION_H
#define CUBE_CUBECTL_SESSION_H

#include <stdbool.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/options.h"
#include "common/base/vec.h"
#include "common/data/json.h"
#include "common/net/transport.h"

// Flags of every command. Each command's own options begin with this struct.
struct global_options {
    char *kubeconfig, *context, *cluster, *user, *ns;
    char *server, *server_name, *token, *username, *password;
    char *ca_file, *certificate, *key;
    char *request_timeout;
    char *as, *as_uid;
    struct str_list as_groups;
    bool insecure;
    bool warnings_as_errors;
    int64_t verbosity;
};

// session_global_options() is the table of these flags.
const struct option *session_global_options(void);

struct session {
    // from the caller
    FILE *in, *out, *errors;
    struct clock *clock;
    struct transport *transport; // a test's own; NULL: made of the kubeconfig on first use
    const char *command;         // "cubectl get", for messages
    const struct global_options *global;
    const struct str_list *given; // names of flags on the command line

    // session.c
    struct transport *own_transport;
    char *ns;        // the namespace in force; NULL before session_prepare
    bool ns_given;   // by -n
    char *host;      // "127.0.0.1:6443", for messages
    int64_t timeout; // of a request; 0: none
    bool prepared;
    int warnings;

    // mapping.c
    struct ptr_vec discovered; // struct resource *, of resources that the built-in table lacks
    bool discovery_done;

    // failure.c
    struct ptr_vec failures; // struct error *, in order
};

void session_free(struct session *session); // frees what the session made, not the struct

// Reads the kubeconfig and fixes namespace, host and transport. Every function below does it by itself.
int session_prepare(struct session *session, struct error **err) MUST_CHECK;
int session_namespace(struct session *session, const char **ret_namespace, struct error **err) MUST_CHECK;
bool session_given(const struct session *session, const char *option); // stood on the command line
// The merged kubeconfig as one tree, by --kubeconfig, $KUBECONFIG or ~/.kube/config. paths may be NULL.
int session_config_tree(const struct session *session, struct json **ret_tree, struct error **err) MUST_CHECK;
// The file that `config` writes to: --kubeconfig, else the first existing (else last) of $KUBECONFIG, else ~/.kube/config. malloc'd.
char *session_config_file(const struct session *session);

// One request. body NULL: none. accept NULL: application/json.
struct session_call {
    const char *method; // NULL: GET
    const char *path;   // and query, escaped
    const char *content_type;
    const char *accept;
    const struct json *body;
};
// Sends it, shows the server's warnings, and gives the parsed answer (ret_value may be NULL). A Status of failure is an error.
int session_call(struct session *session, const struct session_call *call, struct json **ret_value,
                 struct error **err) MUST_CHECK;
// The body as it came.
int session_call_text(struct session *session, const struct session_call *call, struct str *out, struct error **err) MUST_CHECK;
// A GET whose answer is a stream.
struct session_stream_call {
    const char *path;
    const char *accept;
    int64_t timeout;          // nanoseconds until it is ended without an error; 0: --request-timeout
    struct stream_stop *stop; // may be NULL
    bool (*on_data)(void *context, const char *bytes, size_t len); // return false to end
    void *context;
};
// An answer that is not 2xx is an error. Safe from several threads after session_prepare.
int session_stream(struct session *session, const struct session_stream_call *call, struct error **err) MUST_CHECK;

#endif
