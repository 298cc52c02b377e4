# Tests, checks and what they need; included by the Makefile.

# A simulation links the pure core of the daemon it is named after, and finds
# its stand-ins for disk and clock beside it: tests/sim/raft_sim.c.
$(BUILD)/tests/sim/raft_sim: $(BUILD)/obj/tests/sim/raft_sim.o \
    $(addprefix $(BUILD)/obj/raftd/,$(RAFT_CORE)) $(COMMON)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_common)

.PHONY: help
help:
	@sed -n 's/^#   //p' Makefile tests/tests.mk
