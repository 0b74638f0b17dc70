// SPDX-License-Identifier: Apache-2.0
// What an apiserver is made of. Internal to the apiserver's folder: apiserver.c owns it, handlers read it.
#ifndef CUBE_APISERVER_SERVER_STATE_H
#define CUBE_APISERVER_SERVER_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "apiserver/admission/chain.h"
#include "apiserver/apiserver.h"
#include "apiserver/registry/registry.h"
#include "apiserver/storage/compaction.h"
#include "apiserver/storage/storage.h"
#include "apiserver/storage/watch_feed.h"
#include "common/base/lock.h"
#include "common/base/thread.h"

struct watch_timers;
struct openapi_cache;

struct apiserver {
    // Constant after apiserver_new.
    struct apiserver_config config; // with defaults filled in
    char **kubelet_address_types;   // NULL-ended, owned
    char *advertise_address;
    struct storage *storage;
    struct authenticator *authenticator; // may be NULL
    struct watch_feed *feed;
    struct registry *registry;
    struct admission_chain *admission;
    struct watch_timers *timers;
    struct openapi_cache *openapi;

    // Owned by the thread that starts and stops.
    struct compaction *compaction;
    struct thread *upkeep; // makes system namespaces
    bool started;

    _Atomic bool shutting_down;
    _Atomic bool watches_ended;
    _Atomic bool namespaces_made; // once: the start-up hook is done
    _Atomic size_t in_flight;     // non-mutating
    _Atomic size_t mutating_in_flight;

    struct lock lock;
    struct cond wake; // of the upkeep thread
    bool stopping;    // under lock
};

#endif
