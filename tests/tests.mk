# Tests, checks and what they need; included by the Makefile.

# The pure core of raftd, for its simulation and the purity check.
RAFT_CORE := raft effects election replication follower membership trail
# What the simulation takes from raftd's edges, and its own parts.
RAFT_SIM  := $(patsubst %,$(BUILD)/obj/raftd/%.o,$(RAFT_CORE) recent batch 	    codec) $(patsubst %,$(BUILD)/obj/tests/sim/%.o,raft_sim raft_net 	    raft_check store_mem)

# The same for gossipd.
GOSSIP_CORE := gossip effects send members swim probe pull rule meta names \
	    suspicion logarithm broadcast message random coord serf serf_event \
	    serf_query serf_reap filter
GOSSIP_SIM  := $(patsubst %,$(BUILD)/obj/gossipd/%.o,$(GOSSIP_CORE)) \
	    $(patsubst %,$(BUILD)/obj/tests/sim/%.o,gossip_sim gossip_net \
	    gossip_check)

E2E	  := $(sort $(wildcard tests/e2e/*.bats))
COMPAT	  := $(sort $(wildcard tests/compat/*.py tests/cluster/*_test.py))
SHELL_FILES = $(sort conf/packages tests/run .ci/run \
	    $(wildcard tests/e2e/*.bash tests/lint/* tests/bench/*.sh))
SEEDS	  ?= 40
FUZZ_TIME ?= 3

#
# Tests and checks:
#   make test       unit tests, simulation and system tests of build/
#   make asan       the same, built with AddressSanitizer and UBSan
#   make sim        simulations alone: SEEDS=200, or SEED=n to replay one
#   make bless      rewrite the transcripts of tests/raftd/*.script
#   make fuzz       every fuzz target for FUZZ_TIME=60 seconds each
#   make lint       formatting, clang-tidy, cppcheck, shellcheck, man pages
#   make audit      edges, messages and privileges, declared and real
#   make bench      against the real Consul, as a table of ratios
#   make chaos      a cluster under faults: SECONDS=600 SEED=n KIND=real

.PHONY: help
help:
	@sed -n 's/^#   /  /p' Makefile tests/tests.mk

.PHONY: packages
packages:
	@conf/packages build

.PHONY: run
run: packages
	@$(MAKE) --no-print-directory all
	exec $(BUILD)/proconsul agent -dev -ui

$(BUILD)/tests/sim/raft_sim: $(RAFT_SIM) $(COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_common)

# Transcripts of the core: its stand-in for the disk is the simulation's.
$(BUILD)/tests/raftd/script_test: $(BUILD)/obj/tests/raftd/script_test.o \
    $(filter-out %/raft_sim.o %/raft_net.o %/raft_check.o,$(RAFT_SIM)) \
    $(COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_common)

.PHONY: bless
bless: $(BUILD)/tests/raftd/script_test
	$(BUILD)/tests/raftd/script_test -b

$(BUILD)/tests/sim/gossip_sim: $(GOSSIP_SIM) $(COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_common)

.PHONY: sim
sim: $(SIMS)
	$(BUILD)/tests/sim/gossip_sim $(if $(SEED),-s $(SEED) -n 1,-n $(SEEDS))
	$(BUILD)/tests/sim/raft_sim $(if $(SEED),-s $(SEED) -n 1,-n $(SEEDS))

# What a core may call from outside itself: no clock, no disk, no chance.
PURE_CALLS := memcpy memmove memset memcmp strcmp strlen __memcpy_chk __memmove_chk \
	    __assert_fail __stack_chk_fail __popcountdi2 free xmalloc xcalloc xrealloc \
	    xreallocarray instant_add instant_since instant_before
# catalogd's core works on structs, bytes and memory, and nothing else.
CATALOGD_CORE := autopilot check coordinate federation fsm hil hil_number \
	    hil_parse index kv node pieces queries quorum row rtt service \
	    session snapshot snapshot_load state template tree txn
CATALOGD_TYPES := autopilot_config_type autopilot_set_config_request_type \
	    boolean_type connect_proxy_config_type coordinates_type \
	    deregister_request_type federation_state_request_type \
	    vivaldi_coord_type \
	    dir_entry_type empty_type health_check_definition_type \
	    index_entry_type kvs_request_type node_type \
	    prepared_query_request_type prepared_query_type \
	    register_request_type service_connect_type session_request_type \
	    session_type text_type tombstone_request_type txn_request_type \
	    txn_response_type
CATALOGD_CALLS := __assert_fail __ctype_b_loc __ctype_tolower_loc __memcpy_chk \
	    __snprintf_chk __stack_chk_fail __vasprintf_chk abort arena_alloc \
	    arena_array arena_printf buf_put buf_put_quoted memchr \
	    pattern_check pattern_groups strcasecmp strchr strpbrk strtod \
	    strtol type_empty \
	    arena_copy arena_deinit arena_init arena_reset buf_deinit buf_extend \
	    buf_drop_front buf_init buf_printf buf_put_slice buf_put_text \
	    buf_put_u8 buf_reset buf_slice free instant_since memcpy memset \
	    pack_array pack_map pack_nil pack_text pack_uint qsort read_bytes \
	    read_u8 reader reader_fail slice slice_compare \
	    slice_equal slice_equal_fold slice_is slice_starts_with \
	    slice_tail type_copy type_decode type_decode_all type_encode \
	    type_equal unpack unpack_array unpack_map unpack_object unpack_peek \
	    unpack_raw unpack_uint \
	    xcalloc xmalloc xreallocarray
# And healthd's; it says what it decides in the log, and nowhere else.
HEALTHD_CORE := agenda alias check definition link_local local local_check local_reload \
	    local_run local_service probe_text sync sync_push table tail
HEALTHD_CALLS := __assert_fail __ctype_b_loc __ctype_tolower_loc \
	    __ctype_toupper_loc __memcpy_chk __snprintf_chk __stack_chk_fail \
	    abort arena_alloc arena_array arena_copy arena_deinit arena_init \
	    arena_printf buf_deinit buf_drop_front buf_printf buf_put_quoted buf_put_slice \
	    buf_put_text buf_put_u8 buf_reset buf_slice buf_text \
	    duration_print free inet_pton instant_add instant_before log_write \
	    memcmp memcpy memmove memset slice slice_compare \
	    slice_ends_with \
	    slice_equal slice_equal_fold slice_find slice_head slice_is \
	    slice_of_text slice_starts_with slice_tail strchr strerror strlen \
	    type_copy type_encode type_equal xcalloc xreallocarray
HEALTHD_TYPES := check_type_type health_check_type node_service_type \
	    node_type service_definition_type
# And httpd's: what reads strangers' bytes.
HTTPD_CORE := chunks parse query uri
HTTPD_CALLS := __assert_fail __stack_chk_fail arena_alloc arena_array \
	    arena_printf arena_text buf_put buf_put_text buf_put_u8 \
	    duration_parse memcpy qsort slice slice_compare slice_ends_with \
	    slice_equal_fold slice_find slice_head slice_is slice_of_text \
	    slice_starts_with slice_tail strchr strncasecmp

# gossipd's may do arithmetic and sort besides.
GOSSIP_CALLS := arena_alloc arena_array arena_copy arena_deinit arena_init \
	    arena_printf arena_reset buf_deinit buf_init buf_put_slice \
	    buf_reset buf_slice duration_seconds \
	    log2 pattern_search qsort read_u8 reader slice slice_compare slice_equal slice_is \
	    slice_of_text slice_starts_with strchr unpack_array \
	    unpack_map unpack_object unpack_raw _GLOBAL_OFFSET_TABLE_
# The audit's core compares what its edges have read.
AUDIT_CORE := audit_parse audit_process audit_things audit_record audit_edges \
	    audit_report
AUDIT_CALLS := __assert_fail __isoc99_sscanf __popcountdi2 __stack_chk_fail \
	    __vsnprintf_chk arena_alloc arena_array arena_text audit_row \
	    daemon_name inet_ntop inet_pton memcpy powers_access_text \
	    slice_find slice_head slice_of_text slice_starts_with slice_tail \
	    strchr strcmp strlen strncmp strrchr strsep strtoul \
	    strtoull
.PHONY: purity
purity: $(AUDIT_CORE:%=$(BUILD)/obj/proconsul/%.o) $(GOSSIP_CORE:%=$(BUILD)/obj/gossipd/%.o) $(patsubst %,$(BUILD)/obj/raftd/%.o,$(RAFT_CORE)) \
    $(HTTPD_CORE:%=$(BUILD)/obj/httpd/%.o) \
    $(CATALOGD_CORE:%=$(BUILD)/obj/catalogd/%.o) \
    $(HEALTHD_CORE:%=$(BUILD)/obj/healthd/%.o)
	tests/lint/purity "$(AUDIT_CALLS)" \
	    $(AUDIT_CORE:%=$(BUILD)/obj/proconsul/%.o)
	tests/lint/purity "$(HEALTHD_CALLS) $(HEALTHD_TYPES)" \
	    $(HEALTHD_CORE:%=$(BUILD)/obj/healthd/%.o)
	tests/lint/purity "$(PURE_CALLS) $(GOSSIP_CALLS)" \
	    $(GOSSIP_CORE:%=$(BUILD)/obj/gossipd/%.o)
	tests/lint/purity "$(HTTPD_CALLS)" $(HTTPD_CORE:%=$(BUILD)/obj/httpd/%.o)
	tests/lint/purity "$(PURE_CALLS)" \
	    $(patsubst %,$(BUILD)/obj/raftd/%.o,$(RAFT_CORE))
	tests/lint/purity "$(CATALOGD_CALLS) $(CATALOGD_TYPES)" \
	    $(CATALOGD_CORE:%=$(BUILD)/obj/catalogd/%.o)

# Fuzz targets are built whole by clang, with what they fuzz.
FUZZ_dns_fuzz := $(addprefix dnsd/,answer.c build.c instance.c packet.c reply.c \
    question.c settings.c write.c)
FUZZ_probe_text_fuzz := healthd/probe_text.c
FUZZ_membership_fuzz := raftd/codec.c raftd/membership.c
FUZZ_yamux_fuzz := raftd/yamux.c
FUZZ_calls_fuzz := raftd/call_frame.c raftd/whole.c
FUZZ_raft_wire_fuzz := $(addprefix raftd/,raft_wire.c whole.c codec.c \
    membership.c effects.c)
FUZZ_http_fuzz := $(HTTPD_CORE:%=httpd/%.c)
FUZZ_fsm_fuzz := $(CATALOGD_CORE:%=catalogd/%.c)
FUZZ_snapshot_fuzz := $(FUZZ_fsm_fuzz)
FUZZ_template_fuzz := $(addprefix catalogd/,hil.c hil_number.c hil_parse.c \
    template.c)
FUZZ_gossip_fuzz := $(addprefix gossipd/,codec.c codec_stream.c fields.c \
    layouts.c lzw.c)
FUZZ_member_fuzz := $(GOSSIP_CORE:%=gossipd/%.c) $(FUZZ_gossip_fuzz)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(call sources,common) $(HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ)clang -std=gnu11 -D_GNU_SOURCE -g -O1 -Icommon -I. \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	    -DPROCONSUL_VERSION='"$(VERSION)"' \
	    -o $@ $< $(FUZZ_$*) $(call sources,common) $(LIBS_common) -lm -lz

# Each daemon as of a build with another method table; tests/next/table.c.
NEXT := $(DAEMONS:%=$(BUILD)/next/%)
define next
$(BUILD)/next/$(1): $$(call objects,$(1)) $(BUILD)/obj/tests/next/table.o $$(COMMON)
	@mkdir -p $$(@D)
	$$(call say,LD)$$(CC) $$(LDFLAGS) -Wl,--wrap=method_table_hash -o $$@ $$^ \
	    $$(LIBS_$(1)) $$(LIBS_common)
endef
$(foreach d,$(DAEMONS),$(eval $(call next,$(d))))

# A daemon that has been taken over, for tests/e2e/taken_over.bats.
HOSTILE := $(BUILD)/tests/hostile/hostile
$(HOSTILE): $(call objects,tests/hostile) $(COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_common)

.PHONY: tests-built
tests-built: all $(TESTS) $(SIMS) $(NEXT) $(HOSTILE)

.PHONY: test
test: tests-built
	PROCONSUL_BUILD=$(CURDIR)/$(BUILD) tests/run $(TESTS) $(SIMS) $(E2E) $(COMPAT)

# Everything: lint, audit, plain tests, fuzzing for some seconds, and the unit
# and system tests again under the sanitizers. Ends in one line of counts.
.PHONY: check
check:
	@conf/packages build test
	@$(MAKE) --no-print-directory -j2 tests-built fuzzers
	@$(MAKE) --no-print-directory -j2 SANITIZE=1 tests-built
	tests/check $(BUILD) build-asan $(FUZZ_TIME)

.PHONY: asan
asan:
	@$(MAKE) --no-print-directory SANITIZE=1 test

.PHONY: fuzzers fuzz
fuzzers: $(FUZZERS)
fuzz: fuzzers
	tests/fuzz/all $(BUILD)/fuzz $(FUZZ_TIME)

.PHONY: bench
bench: all
	@conf/packages bench
	tests/bench/bench.py $(BENCH_ARGS)

.PHONY: chaos
chaos: all
	PROCONSUL_BUILD=$(CURDIR)/$(BUILD) tests/cluster/chaos.py \
	    --seconds $(or $(SECONDS),600) $(if $(SEED),--seed $(SEED)) \
	    --kind $(or $(KIND),ours) $(CHAOS_ARGS)

.PHONY: lint
lint:
	tests/lint/all

.PHONY: audit
audit: all
	PROCONSUL_BUILD=$(BUILD) tests/audit/all
