/* Pulls images: asks, fetches what is missing, unpacks it in the sandbox, and only then calls it there. */
#pragma once
#include "image/registry.h"
#include "image/sandbox.h"
#include "image/store.h"

#define PULL_IMAGES_MAX 32
#define PULL_USERS_MAX 32

typedef struct PullOptions {
        const json_t* request;  /* of the job, see image.h */
        const ImageStore* store;
        Sandbox* sandbox;
        const char* architecture; /* NULL = this machine's */
        bool plain;               /* tests: http */
        uint64_t patience_usec;   /* 0 = the usual */
        uint64_t held_usec;       /* that another job which has a layer is waited for, while nothing comes; 0 = the usual */
        int (*credentials)(const char* host, RegistryCredentials* ret, void* userdata, Error* reterr);
        bool (*cancelled)(void* userdata);
        void (*progress)(const char* stage, int percent, const char* sentence, void* userdata);
        void* userdata;
} PullOptions;

/* *ret: the job's result, owned. */
int pull_run(const PullOptions* options, json_t** ret, Error* reterr);
