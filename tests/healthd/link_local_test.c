/* Which addresses are link-local, in all the forms that they come in. */
#include <arpa/inet.h>
#include <string.h>

#include "healthd/link_local.h"
#include "tests/lib/tap.h"

static bool
judge(const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return (is_link_local((struct sockaddr *)&in));
	CHECK(inet_pton(AF_INET6, text, &in6.sin6_addr) == 1);
	return (is_link_local((struct sockaddr *)&in6));
}

static void
test_ipv4(void)
{
	CHECK(judge("169.254.0.0"));
	CHECK(judge("169.254.169.254"));
	CHECK(judge("169.254.255.255"));
	CHECK(!judge("169.253.255.255"));
	CHECK(!judge("169.255.0.0"));
	CHECK(!judge("127.0.0.1"));
	CHECK(!judge("10.169.254.1"));
	CHECK(!judge("254.169.0.1"));
}

static void
test_ipv6(void)
{
	CHECK(judge("fe80::"));
	CHECK(judge("fe80::1"));
	CHECK(judge("febf:ffff::1"));
	CHECK(!judge("fec0::1"));
	CHECK(!judge("fe7f::1"));
	CHECK(!judge("::1"));
	CHECK(!judge("::"));
	CHECK(!judge("fd00:ec2::254"));
	CHECK(!judge("2001:db8::a9fe:a9fe"));
}

static void
test_ipv4_in_ipv6(void)
{
	CHECK(judge("::ffff:169.254.169.254"));
	CHECK(judge("::169.254.169.254"));
	CHECK(judge("::ffff:0:169.254.169.254"));
	CHECK(judge("64:ff9b::169.254.169.254"));
	CHECK(judge("64:ff9b:1::169.254.169.254"));
	CHECK(judge("64:ff9b:1:2:3:4:a9fe:a9fe"));
	CHECK(judge("64:ff9b:1:a9fe:00a9:fe00::"));   /* /48, RFC 6052 2.2 */
	CHECK(judge("64:ff9b:1:02a9:00fe:a9fe::"));   /* /56 */
	CHECK(judge("64:ff9b:1:2:00a9:fea9:fe00::")); /* /64 */
	CHECK(judge("2002:a9fe:a9fe::1"));
	CHECK(!judge("::ffff:127.0.0.1"));
	CHECK(!judge("64:ff9b::10.0.0.1"));
	CHECK(!judge("64:ff9b:2::169.254.169.254"));
	CHECK(!judge("2002:0a00:0001::a9fe:a9fe"));
}

static void
test_others(void)
{
	struct sockaddr unix_address = { .sa_family = AF_UNIX };

	memset(unix_address.sa_data, 0xfe, sizeof(unix_address.sa_data));
	CHECK(!is_link_local(&unix_address));
}

int
main(void)
{
	RUN(test_ipv4);
	RUN(test_ipv6);
	RUN(test_ipv4_in_ipv6);
	RUN(test_others);
	return (tap_done());
}
