# proconsul: six daemons, a launcher and its command line.
#
#   make            build into build/
#   make run        install what is missing, build, start an agent (-dev -ui)
#   make check      install the test tools, lint, and run every test
#   make install    PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR= CONSUL_NAME=no
#   make uninstall  the same, taken out again; configuration and data stay
#   make deb        Debian packages into build/
#   make help       the rest
#
CC	 := gcc
VERSION	 := 1.8.7
BUILD	 ?= build
PREFIX	 ?= /usr/local
DESTDIR	 ?=

DAEMONS	 := gossipd raftd catalogd healthd httpd dnsd
PROGRAMS := $(DAEMONS) proconsul

# What each program links besides libc and common/.
LIBS_common    := -lev -lnanomsg -lyajl -lseccomp -lm
LIBS_gossipd   :=
LIBS_raftd     := -lsqlite3 -lz -lpthread
LIBS_catalogd  :=
LIBS_healthd   :=
LIBS_httpd     := -lz
LIBS_dnsd      :=
LIBS_prober    := -lcurl
LIBS_proconsul := -lz # libcurl too, but not before it is needed: curl_library.h

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	    -Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
	    -Wvla -Wundef -Wformat-security -Wno-missing-field-initializers -Wno-format-zero-length
# What of common/ a program does not use is not in it.
SECTIONS := -ffunction-sections -fdata-sections
# Indirect branches only to where one may land, where processor and libraries
# heed it. Its price and that of _FORTIFY_SOURCE=3 is not to be measured.
BRANCHES := $(patsubst x86_64%,-fcf-protection,$(filter x86_64%, \
	    $(shell $(CC) -dumpmachine)))
HARDEN	 := $(SECTIONS) -fPIE -fstack-protector-strong -fstack-clash-protection \
	    -ftrivial-auto-var-init=zero -D_FORTIFY_SOURCE=3 $(BRANCHES)
CFLAGS	 ?= -O2 -g
LDFLAGS	 ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
	    -Wl,--gc-sections

ifdef SANITIZE
BUILD	 := build-asan
CFLAGS	 := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer
HARDEN	 := -fPIE
LDFLAGS	 := -pie -fsanitize=address,undefined -Wl,--as-needed
endif

# The same programs from any folder: its name is not in them.
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DPROCONSUL_VERSION='"$(VERSION)"' \
	     -fno-math-errno -ffile-prefix-map=$(CURDIR)=. \
	     $(WARNINGS) $(HARDEN) $(CFLAGS) \
	     -Icommon -I. -MMD -MP

sources	 = $(sort $(wildcard $(1)/*.c))
objects	 = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1)))
# Of a folder, for its tests: everything but its main.
cores	 = $(filter-out %/main.o,$(call objects,$(1)))

COMMON	 := $(BUILD)/libcommon.a
TESTS	 := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort \
	    $(wildcard tests/*/*_test.c)))
SIMS	 := $(patsubst tests/sim/%.c,$(BUILD)/tests/sim/%,$(sort \
	    $(wildcard tests/sim/*_sim.c)))
FUZZERS	 := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort \
	    $(wildcard tests/fuzz/*_fuzz.c)))
HEADERS	 := $(sort $(wildcard $(addsuffix /*.h,common $(PROGRAMS) \
	    healthd/prober)))

.SECONDARY: # objects stay
# `make V=1` shows whole command lines.
say	 = $(if $(V),,@printf '%-4s %s\n' '$(1)' '$@';)

# Manual pages; what they say of keys is made from the tables.
PAGES	 := $(patsubst man/%,$(BUILD)/man/%,$(sort $(wildcard man/*.[0-9])))

.PHONY: all
all: $(addprefix $(BUILD)/,$(PROGRAMS) healthd-prober) $(PAGES)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The page's files are part of it.
$(BUILD)/obj/httpd/ui.o: $(wildcard httpd/ui/*)

$(COMMON): $(call objects,common)
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $^

define program
$(BUILD)/$(1): $$(call objects,$(1)) $$(COMMON)
	$$(call say,LD)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) $$(LIBS_common)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# healthd's helper that carries libcurl (healthd/runner.h says why).
$(BUILD)/healthd-prober: $(call objects,healthd/prober) \
    $(patsubst %,$(BUILD)/obj/healthd/%.o,health_types link_local probe_text result tail) $(COMMON)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_prober) $(LIBS_common)

# A tool of the build: pages from tables.
$(BUILD)/pages: $(call objects,man) \
    $(filter-out %/command_main.o,$(call cores,proconsul)) $(COMMON)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_proconsul) $(LIBS_common)

$(BUILD)/man/proconsul.conf.5: man/proconsul.conf.5 $(BUILD)/pages
	@mkdir -p $(@D)
	$(call say,PAGE)$(BUILD)/pages keys <$< >$@.new && mv $@.new $@

$(BUILD)/man/proconsul%: man/proconsul% $(BUILD)/pages
	@mkdir -p $(@D)
	$(call say,PAGE)$(BUILD)/pages commands <$< >$@.new && mv $@.new $@

$(BUILD)/man/%: man/%
	@mkdir -p $(@D)
	@cp $< $@

# A test of folder X links what X is made of, without its main.
define test_folder
$(BUILD)/tests/$(1)/%_test: $(BUILD)/obj/tests/$(1)/%_test.o \
    $$(if $$(filter common,$(1)),,$$(call cores,$(1))) $$(COMMON)
	@mkdir -p $$(@D)
	$$(call say,LD)$$(CC) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1)) $$(LIBS_common) -lm -lz
endef
$(foreach p,common $(PROGRAMS),$(eval $(call test_folder,$(p))))

include conf/install.mk
include tests/tests.mk

-include $(shell find $(BUILD)/obj -name '*.d' -type f 2>/dev/null)
