/* What the host is, as an ID (proconsul/host_id.c). The first ID is the real
 * Consul's on a host with that machine-id. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proconsul/host_id.h"
#include "tests/lib/tap.h"

static char root[] = "/tmp/host_id.XXXXXX";

static void
file_write(const char *path, const char *text)
{
	char whole[256], *slash;
	FILE *out;

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (slash = strchr(whole + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	out = fopen(whole, "w");
	if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0)
		exit(1);
}

static void
test_sources(void)
{
	char first[HOST_ID_TEXT_MAX], id[HOST_ID_TEXT_MAX];

	CHECK(!host_id_make(root, id));
	file_write("/proc/sys/kernel/random/boot_id",
	    "d517cde0-f9f1-4267-9bb6-b1908567c885\n");
	CHECK(host_id_make(root, first));
	file_write("/etc/machine-id", "3d1219c7c4c5404aaa1f6d2a48adfda4\n");
	CHECK(host_id_make(root, id));
	CHECK(strcmp(id, "333a158e-0d38-e425-ad6a-b7db4732c648") == 0);
	/* A board's number comes first, in lower case. */
	file_write("/sys/class/dmi/id/product_uuid",
	    "D517CDE0-F9F1-4267-9BB6-B1908567C885\n");
	CHECK(host_id_make(root, id) && strcmp(id, first) == 0);
	file_write("/sys/class/dmi/id/product_uuid", "Not Settable\n");
	CHECK(!host_id_make(root, id));
}

int
main(void)
{
	char command[64];

	if (mkdtemp(root) == NULL)
		return (1);
	RUN(test_sources);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return (system(command) == 0 ? tap_done() : 1);
}
