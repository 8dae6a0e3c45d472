/* The job's DNS engine alone. Usage: dns-ask [--recurse] <QUESTIONS   one a line: NAME TYPE SERVER...
 * Prints JSON: how many were answered, how long it took from the first packet to the last answer, packets
 * sent, and CPU of asking and reading, start of the program and the reading of its input not counted. */
#include "base/secret.h"
#include "base/time.h"
#include "net/dns.h"
#include <stdio.h>
#include <sys/resource.h>

typedef struct Count {
        sd_event* event;
        unsigned asked, ended, outcomes[_DNS_OUTCOME_MAX], records;
} Count;

static void on_answer(const DnsAnswer* a, void* userdata) {
        Count* c = userdata;
        c->outcomes[a->outcome]++;
        c->records += (unsigned) a->n_records;
        if (++c->ended == c->asked)
                (void) sd_event_exit(c->event, 0);
}

static uint64_t cpu_usec(void) {
        struct rusage u;
        (void) getrusage(RUSAGE_SELF, &u);
        return (uint64_t) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * USEC_PER_SEC +
               (uint64_t) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int ask_line(Dns* d, char* line, unsigned flags, Count* c) {
        const char *words[2 + DNS_SERVERS_MAX], *word;
        char* rest = line;
        size_t n = 0;
        while ((word = strsep(&rest, " \n")) && n < ELEMENTS(words))
                if (*word)
                        words[n++] = word;
        if (n < 3)
                return -EINVAL;
        c->asked++;
        return dns_ask(d, words[0], words[1], flags, words + 2, n - 2, on_answer, c, NULL, NULL);
}

int main(int argc, char** argv) {
        _cleanup_(dns_freep) Dns* d = NULL;
        unsigned flags = argc > 1 && streq(argv[1], "--recurse") ? DNS_RECURSE : 0;
        Count c = {};
        char* line = NULL;
        size_t size = 0;
        if (secret_init() < 0 || sd_event_new(&c.event) < 0 || dns_new(c.event, NULL, &d) < 0)
                return EXIT_FAILURE;
        uint64_t cpu = cpu_usec();
        while (getline(&line, &size, stdin) > 0)
                if (ask_line(d, line, flags, &c) < 0)
                        return EXIT_FAILURE;
        free(line);
        uint64_t begun = now_usec(CLOCK_MONOTONIC);
        if (c.asked > 0 && sd_event_loop(c.event) < 0)
                return EXIT_FAILURE;
        printf("{\"asked\": %u, \"answered\": %u, \"timeout\": %u, \"records\": %u, \"sent\": %llu, "
               "\"wall_usec\": %llu, \"cpu_usec\": %llu}\n",
               c.asked, c.outcomes[DNS_ANSWERED], c.outcomes[DNS_TIMEOUT], c.records,
               (unsigned long long) dns_sent(d), (unsigned long long) (now_usec(CLOCK_MONOTONIC) - begun),
               (unsigned long long) (cpu_usec() - cpu));
        (void) sd_event_unref(c.event);
        return 0;
}
