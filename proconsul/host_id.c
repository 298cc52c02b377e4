/* A node ID of the host; see host_id.h. */
#include <ctype.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "host_id.h"
#include "library.h"
#include "log.h"

#define UUID_SIZE 36

/* The first line of a file, in lower case; "" where there is none. */
static void
line_read(const char *root, const char *path, char out[HOST_ID_TEXT_MAX])
{
	char whole[4096], *c;
	FILE *in;

	out[0] = '\0';
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	if ((in = fopen(whole, "re")) == NULL)
		return;
	if (fgets(out, HOST_ID_TEXT_MAX, in) == NULL)
		out[0] = '\0';
	fclose(in);
	out[strcspn(out, "\n")] = '\0';
	for (c = out; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static bool
is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	if (strlen(text) != UUID_SIZE)
		return (false);
	for (i = 0; i < UUID_SIZE; i++) {
		if (form[i] == '-' ? text[i] != '-'
				   : !isxdigit((unsigned char)text[i]))
			return (false);
	}
	return (true);
}

/* The board's number (readable by root alone), else the system's, else this
 * boot's. */
static void
host_name(const char *root, char out[HOST_ID_TEXT_MAX])
{
	char machine[HOST_ID_TEXT_MAX];

	line_read(root, "/sys/class/dmi/id/product_uuid", out);
	if (out[0] != '\0')
		return;
	line_read(root, "/etc/machine-id", machine);
	if (strlen(machine) == 32)
		snprintf(out, HOST_ID_TEXT_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s",
		    machine, machine + 8, machine + 12, machine + 16,
		    machine + 20);
	else
		line_read(root, "/proc/sys/kernel/random/boot_id", out);
}

/* Hashed, for the numbers of boards of one batch are much alike. */
static bool
hash(const char *text, uint8_t out[SHA512_DIGEST_LENGTH])
{
	static const struct library_function function = { "SHA512", 0 };
	struct {
		__typeof__(SHA512) *sha512;
	} library;
	struct buf why = { 0 };
	enum err err =
	    library_load("libcrypto.so.3", &function, 1, &library, &why);

	if (err == ERR_OK)
		library.sha512((const uint8_t *)text, strlen(text), out);
	else
		log_warn("agent", "The node ID is not that of the host",
		    "error=\"%s\"", buf_text(&why));
	buf_deinit(&why);
	return (err == ERR_OK);
}

bool
host_id_make(const char *root, char out[HOST_ID_TEXT_MAX])
{
	uint8_t b[SHA512_DIGEST_LENGTH];
	char name[HOST_ID_TEXT_MAX] = "";

	host_name(root, name);
	if (!is_uuid(name) || !hash(name, b))
		return (false);
	snprintf(out, HOST_ID_TEXT_MAX,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
	return (true);
}
