# Installing and packing; included by the Makefile.
#
# PREFIX may be any folder: the programs find each other from where they are,
# and what names a path (units, completion) gets it filled in here. /etc is
# SYSCONFDIR; /var/lib/proconsul and /run/proconsul are written in the
# configuration and the units, and are made by those.
#
# Nothing here needs root if DESTDIR is one's own, and no owner is ever set:
# whose the configuration is to be says tmpfiles.d, or the package's postinst.

SYSCONFDIR  ?= /etc
CONSUL_NAME ?= no

bindir	    := $(DESTDIR)$(PREFIX)/bin
libexecdir  := $(DESTDIR)$(PREFIX)/libexec/proconsul
mandir	    := $(DESTDIR)$(PREFIX)/share/man
docdir	    := $(DESTDIR)$(PREFIX)/share/doc/proconsul
completedir := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
libdir	    := $(DESTDIR)$(PREFIX)/lib
confdir	    := $(DESTDIR)$(SYSCONFDIR)/proconsul.d
defaultdir  := $(DESTDIR)$(SYSCONFDIR)/default

UNITS	    := $(sort $(wildcard $(addprefix systemd/*.,service socket target)))
SYSUSERS    := $(wildcard systemd/sysusers.d/*.conf)
TMPFILES    := $(wildcard systemd/tmpfiles.d/*.conf)
# Of files that name a path of the package: those of this PREFIX.
fill	    := sed -e 's|/usr/libexec/proconsul|$(PREFIX)/libexec/proconsul|g' \
	       -e 's|/usr/bin/proconsul|$(PREFIX)/bin/proconsul|g' \
	       -e 's|/etc/proconsul\.d|$(SYSCONFDIR)/proconsul.d|g' \
	       -e 's|/etc/default/proconsul|$(SYSCONFDIR)/default/proconsul|g'

# $(call put,MODE,FILE,PLACE): a file with its paths filled in; never readable
# by more than it is to be.
put	    = install -m $(1) /dev/null $(3) && $(fill) $(2) >$(3)
# The same, where there is none yet: what an operator wrote stays.
put_new	    = [ -e $(3) ] || { $(call put,$(1),$(2),$(3)); }

.PHONY: install install-programs install-pages install-units install-conf \
	install-docs install-name uninstall
install: install-programs install-pages install-units install-conf install-docs
ifeq ($(CONSUL_NAME),yes)
install: install-name
endif
install:
	@[ -n "$(DESTDIR)" ] || PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) \
	    conf/after-install

install-programs: all
	install -d -m 755 $(bindir) $(libexecdir)
	install -m 755 $(addprefix $(BUILD)/,$(DAEMONS) healthd-prober) $(libexecdir)
	install -m 755 $(BUILD)/proconsul $(bindir)
	install -m 755 systemd/unit-ended $(libexecdir)

# Commands that share a page have a page of their own name, that shows it.
install-pages: $(PAGES)
	install -d -m 755 $(addprefix $(mandir)/man,1 5 7 8)
	for page in $(PAGES); do \
		install -m 644 $$page $(mandir)/man$${page##*.}/ || exit 1; \
	done
	for page in $(filter %.1,$(PAGES)); do \
		for name in `sed -n 's/^\.Nm proconsul \([a-z-]*\).*/\1/p' $$page`; do \
			alias=$(mandir)/man1/proconsul-$$name.1; \
			[ -e $(BUILD)/man/proconsul-$$name.1 ] || { \
			    echo ".so man1/$${page##*/}" >$$alias && \
			    chmod 644 $$alias; } || exit 1; \
		done; \
	done

install-units:
	install -d -m 755 $(libdir)/systemd/system $(libdir)/sysusers.d \
	    $(libdir)/tmpfiles.d
	for unit in $(UNITS); do \
		$(call put,644,$$unit,$(libdir)/systemd/system/$${unit##*/}) || exit 1; \
	done
	for file in $(SYSUSERS) $(TMPFILES); do \
		$(call put,644,$$file,$(libdir)/$${file#systemd/}) || exit 1; \
	done

install-conf:
	install -d -m 755 $(defaultdir)
	[ -d $(confdir) ] || install -d -m 750 $(confdir)
	$(call put_new,640,conf/proconsul.hcl,$(confdir)/proconsul.hcl)
	$(call put_new,644,conf/proconsul.default,$(defaultdir)/proconsul)

install-docs:
	install -d -m 755 $(docdir)/examples/supervisord $(completedir)
	install -m 644 README.md LICENSE $(docdir)
	install -m 644 conf/supervisord/*.conf $(docdir)/examples/supervisord
	install -m 755 conf/supervisord/proconsul-ended $(docdir)/examples/supervisord
	echo 'complete -C $(PREFIX)/bin/proconsul proconsul' >$(completedir)/proconsul
	chmod 644 $(completedir)/proconsul

# The name that scripts expect: the program, its page and its completion.
install-name:
	install -d -m 755 $(bindir) $(mandir)/man1 $(completedir)
	ln -sf proconsul $(bindir)/consul
	ln -sf proconsul.1 $(mandir)/man1/consul.1
	echo 'complete -C $(PREFIX)/bin/consul consul' >$(completedir)/consul
	chmod 644 $(completedir)/consul

# All but the configuration. A `consul` that is not ours stays.
uninstall:
	@echo "First, where it runs: systemctl disable --now proconsul.target"
	rm -f $(bindir)/proconsul $(completedir)/proconsul
	rm -f $(mandir)/man1/proconsul.1 $(mandir)/man1/proconsul-*.1
	rm -f $(addprefix $(mandir)/man,$(foreach p,$(notdir $(filter-out \
	    %.1,$(PAGES))),$(lastword $(subst ., ,$(p)))/$(p)))
	rm -f $(addprefix $(libdir)/systemd/system/,$(notdir $(UNITS)))
	rm -f $(libdir)/sysusers.d/proconsul.conf $(libdir)/tmpfiles.d/proconsul.conf
	rm -rf $(libexecdir) $(docdir)
	if [ "`readlink $(bindir)/consul`" = proconsul ]; then \
		rm -f $(bindir)/consul $(mandir)/man1/consul.1 $(completedir)/consul; \
	fi
	@echo "Kept: $(confdir), $(defaultdir)/proconsul and the data."

# Packages, into DEB_DIR; DEB_VERSION is that of conf/debian/changelog unless it
# is given.
DEB_DIR	    ?= $(BUILD)
DEB_VERSION ?=
.PHONY: deb
deb:
	@conf/packages build deb
	@$(MAKE) --no-print-directory all
	@MAKE="$(MAKE)" DEB_VERSION="$(DEB_VERSION)" conf/debian/build "$(DEB_DIR)"
