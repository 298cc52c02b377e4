/*
 * Structs that never leave healthd: what it saves in the data directory, as
 * Consul does, and what it says to its helpers. Rows as in type.h.
 *
 * Source  api/config.md 6
 */
#ifndef HEALTHD_HEALTH_TYPES_H
#define HEALTHD_HEALTH_TYPES_H

#include "rpc_types.h"

/* clang-format off */

/* services/MD5: a service that was registered by the API. */
#define SAVED_SERVICE(F) \
	F(STR, _, token, "Token", 0, 0) \
	F(PTR, node_service, service, "Service", 0, 0) \
	F(STR, _, source, "Source", 0, 0)

/* checks/MD5: a check that was, or maintenance mode (no ChkType). */
#define SAVED_CHECK(F) \
	F(PTR, health_check, check, "Check", 0, 0) \
	F(PTR, check_type, check_type, "ChkType", 0, 0) \
	F(STR, _, token, "Token", 0, 0) \
	F(STR, _, source, "Source", 0, 0)

/* checks/state/MD5: of a TTL check. */
#define SAVED_STATE(F) \
	F(STR, _, check_id, "CheckID", 0, 0) \
	F(STR, _, output, "Output", 0, 0) \
	F(STR, _, status, "Status", 0, 0) \
	F(INT, _, expires, "Expires", 0, 0) /* seconds of the wall clock */

/* To a helper: run this, or forget about that run. */
#define PROBE_CHECK   0
#define PROBE_HANDLER 1 /* of a watch: `input` is its standard input, or body */
#define PROBE_JOB     2 /* of remote execution: its output is streamed; `input`
			 * is a script, whose file is the last argument */
#define PROBE_MORE    3 /* one more piece of that run's output may come */

#define PROBE_REQUEST(F) \
	F(U64, _, kind, "Kind", 0, 0) /* PROBE_* */ \
	F(U64, _, run, "Run", 0, 0) \
	F(BOOL, _, is_cancel, "Cancel", 0, 0) \
	F(U64, _, output_max, "OutputMax", 0, 0) \
	F(DURATION, _, timeout, "Timeout", 0, 0) \
	F(BOOL, _, avoids_link_local, "AvoidsLinkLocal", 0, 0) \
	F(STR, _, check_id, "CheckID", 0, 0) \
	F(STRUCT, check_type, check, "Check", 0, 0) \
	F(BYTES, _, input, "Input", 0, 0) \
	F(BOOL, _, is_input_more, "InputMore", 0, 0) /* only that: begin later */ \
	F(STRS, _, environment, "Environment", 0, 0) /* "NAME=value" */

/* From a helper: how it went. Run 0: the prober has died. */
#define PROBE_RESULT(F) \
	F(U64, _, run, "Run", 0, 0) \
	F(STR, _, check_id, "CheckID", 0, 0) \
	F(U64, _, end, "End", 0, 0) /* enum run_end */ \
	F(U64, _, status, "Status", 0, 0) /* enum check_status */ \
	F(INT, _, exit_code, "ExitCode", 0, 0) /* or minus the signal; an HTTP status */ \
	F(STR, _, output, "Output", 0, 0)

/* What the keys of remote execution hold (proconsul/exec.h): the payload of
 * the event, and the job. */
#define REMOTE_EVENT(F) \
	F(STR, _, prefix, "Prefix", KEY_BYTES_MAX, 0) \
	F(STR, _, session, "Session", NAME_BYTES_MAX, 0)

#define REMOTE_JOB(F) \
	F(STR, _, command, "Command", 0, 0) \
	F(STRS, _, args, "Args", 0, 0) \
	F(BYTES, _, script, "Script", 0, 0) \
	F(INT, _, wait, "Wait", 0, 0) /* ns between two signs of life */

#define HEALTH_TYPES(X) \
	X(saved_service, SAVED_SERVICE, "persistedService") \
	X(saved_check, SAVED_CHECK, "persistedCheck") \
	X(saved_state, SAVED_STATE, "persistedCheckState") \
	X(probe_request, PROBE_REQUEST, "ProbeRequest") \
	X(probe_result, PROBE_RESULT, "ProbeResult") \
	X(remote_event, REMOTE_EVENT, "remoteExecEvent") \
	X(remote_job, REMOTE_JOB, "remoteExecSpec")
/* clang-format on */

#define X(name, rows, go_name)    \
	struct name {             \
		rows(TYPE_MEMBER) \
	};
HEALTH_TYPES(X)
#undef X

#define X(name, rows, go_name) extern const struct type name##_type;
HEALTH_TYPES(X)
#undef X

#endif
