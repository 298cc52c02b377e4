/* Endpoints; see address.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

bool
endpoint_parse_ip(const char *text, struct endpoint *e)
{
	uint8_t ip[16] = { 0 };

	if (inet_pton(AF_INET, text, ip) == 1)
		e->ip_size = 4;
	else if (inet_pton(AF_INET6, text, ip) == 1)
		e->ip_size = 16;
	else
		return (false);
	memcpy(e->ip, ip, sizeof(ip));
	return (true);
}

const char *
endpoint_print_ip(const struct endpoint *e, char out[IP_TEXT_MAX])
{
	int family = e->ip_size == 4 ? AF_INET : AF_INET6;

	if (e->ip_size == 0 ||
	    inet_ntop(family, e->ip, out, IP_TEXT_MAX) == NULL)
		snprintf(out, IP_TEXT_MAX, "<nil>"); /* Go's word */
	return (out);
}

const char *
endpoint_print(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
	char ip[IP_TEXT_MAX];

	snprintf(out, ENDPOINT_TEXT_MAX, e->ip_size == 16 ? "[%s]:%u" : "%s:%u",
	    endpoint_print_ip(e, ip), e->port);
	return (out);
}

static bool
port_parse(const char *text, uint16_t *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value > UINT16_MAX)
		return (false);
	*port = (uint16_t)value;
	return (true);
}

bool
endpoint_parse(struct slice in, struct endpoint *e)
{
	char text[ENDPOINT_TEXT_MAX], *colon, *ip = text;

	if (in.size >= sizeof(text))
		return (false);
	memcpy(text, in.data, in.size);
	text[in.size] = '\0';
	if (memchr(text, '\0', in.size) != NULL ||
	    (colon = strrchr(text, ':')) == NULL ||
	    !port_parse(colon + 1, &e->port))
		return (false);
	*colon = '\0';
	if (*ip == '[' && colon > ip && colon[-1] == ']') {
		colon[-1] = '\0';
		ip++;
	}
	return (endpoint_parse_ip(ip, e));
}

socklen_t
endpoint_to_socket(
    const struct endpoint *e, int family, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (e->ip_size == 4 && family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(e->port);
		memcpy(&v4->sin_addr, e->ip, 4);
		return (sizeof(*v4));
	}
	if (e->ip_size != 16 || family != AF_INET6)
		return (0);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(e->port);
	memcpy(&v6->sin6_addr, e->ip, 16);
	return (sizeof(*v6));
}

void
endpoint_of_socket(const struct sockaddr_storage *in, struct endpoint *e)
{
	const struct sockaddr_in *v4 = (const void *)in;
	const struct sockaddr_in6 *v6 = (const void *)in;
	static const uint8_t v4_in_v6[12] = { [10] = 0xff, [11] = 0xff };

	memset(e, 0, sizeof(*e));
	if (in->ss_family == AF_INET) {
		e->ip_size = 4;
		memcpy(e->ip, &v4->sin_addr, 4);
		e->port = ntohs(v4->sin_port);
		return;
	}
	e->port = ntohs(v6->sin6_port);
	e->ip_size = 16;
	memcpy(e->ip, &v6->sin6_addr, 16);
	if (memcmp(e->ip, v4_in_v6, 12) == 0) {
		memmove(e->ip, e->ip + 12, 4);
		memset(e->ip + 4, 0, 12);
		e->ip_size = 4;
	}
}
