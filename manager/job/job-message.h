/* What a worker says on job.sock: one JSON object a line. A pure parser; the bytes come from a process that met the outside world,
 * so nothing here is believed before it is checked. */
#pragma once
#include "base/json.h"

#define MESSAGE_BYTES_MAX (1024 * 1024) /* a result may carry a help bundle */
#define MESSAGE_TEXT_MAX 1000           /* bytes of a sentence or log line; the rest is cut */

typedef enum MessageKind {
        MESSAGE_HELLO,    /* {"hello":"<job id>"}, always first */
        MESSAGE_PROGRESS, /* {"stage":"..","percent":n,"message":".."}, each optional */
        MESSAGE_LOG,      /* {"log":{"level":"info|warning|error","text":".."}} */
        MESSAGE_ASK,      /* {"ask":{..}}: answered by {"answer":{"error":null|{..}}} */
        MESSAGE_RESULT,   /* {"result":{..}} */
        MESSAGE_ERROR,    /* {"error":{"name":"..","message":"..","hint":".."}} */
        _MESSAGE_KIND_MAX,
} MessageKind;

typedef struct Message {
        MessageKind kind;
        json_t* whole;     /* owned; everything below is borrowed from it */
        const char* id;
        const char* stage; /* NULL = unchanged */
        int percent;       /* -1 = unchanged */
        const char* text;  /* sentence or log line; NULL = unchanged */
        const char* level;
        json_t* object;    /* of ask, result, error */
} Message;
void message_done(Message* m);

/* One line without its newline. BAD_REQUEST or BAD_JSON where it is none of the above. */
int message_parse(const char* line, size_t size, Message* ret, Error* reterr);
