/* Files and modules of the resolver; see names.h. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"

#define MODULES_MAX 8

static const char *const files[NAMES_FILES] = { "/etc/resolv.conf",
	"/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf" };

/* Those of names_load; a file that was not there has no number. */
static struct {
	dev_t device;
	ino_t number;
} known[NAMES_FILES];

bool
names_path(size_t file, char *out, size_t size)
{
	char *real = realpath(files[file], NULL), *slash;
	bool is_there = real != NULL && strlen(real) < size;

	if (is_there && strncmp(real, "/etc/", strlen("/etc/")) != 0) {
		slash = strrchr(real, '/');
		/* A folder right below the root holds too much. */
		if (strchr(real + 1, '/') < slash)
			*slash = '\0';
	}
	if (is_there)
		memcpy(out, real, strlen(real) + 1);
	free(real);
	return (is_there);
}

/* "mdns4_minimal", say. Part of libc itself are `files` and `dns`. */
static void
module_load(const char *service)
{
	static void *modules[MODULES_MAX]; /* for good */
	static size_t count;
	char name[256];

	if (strcmp(service, "files") == 0 || strcmp(service, "dns") == 0 ||
	    count == MODULES_MAX ||
	    snprintf(name, sizeof(name), "libnss_%s.so.2", service) >=
		(int)sizeof(name))
		return;
	/* What is not installed is passed over, as libc does. */
	modules[count] = dlopen(name, RTLD_NOW);
	count += modules[count] != NULL;
}

static void
modules_load(char *line)
{
	char *rest, *word;

	line[strcspn(line, "#\n")] = '\0';
	for (word = strtok_r(line, " \t", &rest); word != NULL;
	     word = strtok_r(NULL, " \t", &rest)) {
		/* Not "[NOTFOUND=return]". */
		if (strpbrk(word, "[]=/") == NULL)
			module_load(word);
	}
}

void
names_load(void)
{
	FILE *file = fopen("/etc/nsswitch.conf", "re");
	char line[1024];
	struct stat st;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "hosts:", strlen("hosts:")) == 0)
			modules_load(line + strlen("hosts:"));
	}
	if (file != NULL)
		fclose(file);
	for (size_t i = 0; i < NAMES_FILES; i++) {
		if (stat(files[i], &st) != 0)
			continue;
		known[i].device = st.st_dev;
		known[i].number = st.st_ino;
	}
}

bool
names_are_stale(void)
{
	struct stat st;

	for (size_t i = 0; i < NAMES_FILES; i++) {
		if (stat(files[i], &st) != 0)
			st = (struct stat){ 0 };
		if (st.st_dev != known[i].device ||
		    st.st_ino != known[i].number)
			return (true);
	}
	return (false);
}
