/* What the helper asks of systemd over the bus. Unit names are built here from checked parts; callers never pass one in from outside. */
#pragma once
#include "base/error.h"
#include <systemd/sd-bus.h>

/* Start, stop, restart or reload: queues the job and returns. method is StartUnit, StopUnit, ReloadOrRestartUnit ... */
int pid1_unit(sd_bus* bus, const char* method, const char* unit, const char* mode, Error* reterr);
/* The same and waits for the job's end; an error unless it is "done". */
int pid1_unit_wait(sd_bus* bus, const char* method, const char* unit, unsigned timeout_sec, Error* reterr);
/* Has systemd read its unit files again. */
int pid1_reload(sd_bus* bus, Error* reterr);
/* Has the limits that a unit's file names now reach its control group, where it runs: reading the files again does not do that. */
int pid1_limits(sd_bus* bus, const char* unit, Error* reterr);
/* Forgets that a unit failed and how often it was started; one that is not loaded is fine. */
void pid1_reset_failed(sd_bus* bus, const char* unit);
/* SIGKILL to the main process of a unit. Of a service that is the first of its container, which takes all
 * others with it (pid_namespaces(7)); of a task and of what runs once it is crun, and systemd then ends
 * what is left in the unit's control group. Not to what cleans up behind it. A unit that is not loaded
 * has none. */
void pid1_kill(sd_bus* bus, const char* unit);
/* Whether systemd has the unit in memory, with what its file said when it was read; one it does not have is read when it is asked for. */
bool pid1_unit_known(sd_bus* bus, const char* unit);
/* Whether systemd has the unit in memory as an older file than the one on disk said it. */
bool pid1_unit_stale(sd_bus* bus, const char* unit);
/* How many loaded units match the pattern and are active or becoming so. */
int pid1_units_count(sd_bus* bus, const char* pattern, Error* reterr);
