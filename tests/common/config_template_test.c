/* Templates in addresses, on what every host has: its loopback interface. */
#include <stdio.h>
#include <string.h>

#include "config_interfaces.h"
#include "config_template.h"
#include "tests/lib/tap.h"

static bool
gives(const char *template, const char *expected)
{
	struct buf out = { 0 }, why = { 0 };
	enum err err;
	bool is_ok;

	err = config_template_expand(slice_of_text(template), &out, &why);
	is_ok = err == ERR_OK && strcmp(buf_text(&out), expected) == 0;
	if (!is_ok)
		printf("# %s\n#   ours: %s%s\n#   not:  %s\n", template,
		    buf_text(&out), buf_text(&why), expected);
	buf_deinit(&out);
	buf_deinit(&why);
	return (is_ok);
}

#define LOOPBACK                                                             \
	"GetAllInterfaces | include \"name\" \"^lo$\" | "                    \
	"include \"type\" \"IPv4\" | include \"network\" \"127.0.0.0/8\" | " \
	"limit 1"

static void
test_text(void)
{
	CHECK(gives("", ""));
	CHECK(gives("127.0.0.1", "127.0.0.1"));
	CHECK(gives("a {{ \"b\" }} c", "a b c"));
	CHECK(gives("{{ `a` }}{{\"b\"}}", "ab"));
	CHECK(gives("}}", "}}"));
}

static void
test_math(void)
{
	CHECK(gives("{{ " LOOPBACK " | math \"address\" \"+5\" | "
		    "attr \"address\" }}",
	    "127.0.0.6"));
	CHECK(gives("{{ " LOOPBACK " | math \"address\" \"-2130706434\" | "
		    "attr \"string\" }}",
	    "255.255.255.255/8"));
	CHECK(gives("{{ " LOOPBACK " | math \"network\" \"-5\" | "
		    "attr \"address\" }}",
	    "127.255.255.251"));
	CHECK(gives("{{ " LOOPBACK " | math \"network\" \"+99999999\" | "
		    "attr \"address\" }}",
	    "127.245.224.255"));
	CHECK(gives(
	    "{{ " LOOPBACK " | attr \"Broadcast\" }}", "127.255.255.255"));
	CHECK(gives("{{ " LOOPBACK " | attr \"first_usable\" }}", "127.0.0.1"));
	CHECK(gives("{{ " LOOPBACK " | attr \"size\" }}", "16777216"));
	CHECK(gives("{{ " LOOPBACK " | attr \"octets\" }}", "127 0 0 1"));
	CHECK(gives("{{ " LOOPBACK " | unique \"name\" | "
		    "join \"name\" \",\" }}",
	    "lo"));
}

static void
test_pipelines(void)
{
	CHECK(gives("{{ " LOOPBACK " | attr \"address\" }}", "127.0.0.1"));
	CHECK(gives("{{ " LOOPBACK " | attr \"name\" }}", "lo"));
	CHECK(gives("{{ " LOOPBACK " | attr \"type\" }}", "IPv4"));
	CHECK(gives("{{ " LOOPBACK " | attr \"string\" }}", "127.0.0.1/8"));
	CHECK(
	    gives("{{ " LOOPBACK " | join \"address\" \",\" }}", "127.0.0.1"));
	CHECK(gives("{{ " LOOPBACK " | offset 1 | attr \"address\" }}", ""));
	CHECK(gives("{{ " LOOPBACK " | include \"size\" \"/8\" | "
		    "attr \"address\" }}",
	    "127.0.0.1"));
	CHECK(gives("{{ " LOOPBACK " | exclude \"flags\" \"loopback\" | "
		    "attr \"address\" }}",
	    ""));
	CHECK(gives("{{ " LOOPBACK " | include \"rfc\" \"6890\" | "
		    "sort \"-name,address\" | attr \"address\" }}",
	    "127.0.0.1"));
	/* Nobody else can reach it. */
	CHECK(gives("{{ GetInterfaceIP \"^lo$\" }}", ""));
	CHECK(gives("{{ GetInterfaceIP \"no such\" }}", ""));
}

static struct interface
interface_make(const char *name, const char *ip, unsigned prefix)
{
	struct interface i = { .prefix = prefix, .flags = IFF_UP };

	snprintf(i.name, sizeof(i.name), "%s", name);
	CHECK(address_parse(slice_of_text(ip), &i.ip) == ERR_OK);
	return (i);
}

/* Names of a list in their order. */
static const char *
order(const struct interface_list *list)
{
	static char text[64];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < list->count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
		    list->items[i].name);
	return (text);
}

static void
test_sort(void)
{
	static struct interface_list list;
	struct buf why = { 0 };

	list.items[0] = interface_make("c", "fd00::1", 64);
	list.items[1] = interface_make("a", "10.0.0.1", 24);
	list.items[2] = interface_make("b", "10.0.0.2", 8);
	list.items[3] = interface_make("d", "8.8.8.8", 24);
	list.items[3].is_default = true;
	list.count = 4;
	CHECK(interfaces_sort(&list, "name", &why) == ERR_OK);
	CHECK(strcmp(order(&list), "abcd") == 0);
	CHECK(interfaces_sort(&list, "-name", &why) == ERR_OK);
	CHECK(strcmp(order(&list), "dcba") == 0);
	CHECK(interfaces_sort(&list, "default,type,size", &why) == ERR_OK);
	CHECK(strcmp(order(&list), "dbac") == 0);
	CHECK(interfaces_sort(&list, "private,+name", &why) == ERR_OK);
	CHECK(strcmp(order(&list), "abcd") == 0);
	CHECK(interfaces_sort(&list, "zz", &why) == ERR_INVALID);
	CHECK(interfaces_filter(&list, "rfc", "6890", true, &why) == ERR_OK);
	CHECK(strcmp(order(&list), "d") == 0);
	interfaces_limit(&list, 5, -1);
	CHECK_EQ(list.count, 0);
	buf_deinit(&why);
}

static void
test_networks(void)
{
	static const struct {
		const char *ip;
		bool is_private, is_forwardable;
	} rows[] = {
		{ "10.1.2.3", true, true },
		{ "172.15.0.1", false, true },
		{ "172.31.255.255", true, true },
		{ "172.32.0.0", false, true },
		{ "100.64.0.0", true, true },
		{ "100.128.0.0", false, true },
		{ "127.0.0.1", true, false },
		{ "192.0.2.2", true, false },
		{ "169.254.1.1", true, false },
		{ "8.8.8.8", false, true },
		{ "::1", true, false },
		{ "fd00::1", true, true },
		{ "fe80::1", true, false },
		{ "2a00::1", false, true },
	};
	struct address a;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(address_parse(slice_of_text(rows[i].ip), &a) == ERR_OK);
		CHECK(address_is_private(&a) == rows[i].is_private);
		CHECK(address_is_forwardable(&a) == rows[i].is_forwardable);
	}
}

int
main(void)
{
	RUN(test_text);
	RUN(test_math);
	RUN(test_pipelines);
	RUN(test_sort);
	RUN(test_networks);
	return (tap_done());
}
