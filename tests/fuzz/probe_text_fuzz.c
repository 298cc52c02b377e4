/*
 * The URL and method of an HTTP check, and the address of a TCP check, of any
 * bytes: judged without a slip, and what is fit to be asked has a host.
 */
#include <assert.h>

#include "healthd/probe_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
url_try(struct slice url, struct slice method)
{
	struct buf text = { 0 };
	bool is_fault = probe_url_fault(url, method, &text);

	assert(is_fault == (text.size > 0));
	if (!is_fault)
		assert(probe_url_authority(url).size > 0);
	(void)probe_url_host(url);
	assert(probe_url_is_below(url, url));
	buf_reset(&text);
	probe_url_prefix(url, method, &text);
	assert(slice_ends_with(buf_slice(&text), SLICE("\": ")));
	buf_deinit(&text);
}

static void
address_try(struct slice address)
{
	struct slice host, port;
	struct buf text = { 0 };

	if (probe_split(address, &host, &port, &text))
		assert(host.size + port.size + 1 <= address.size);
	else
		assert(text.size > 0);
	buf_deinit(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice(data, size);
	size_t blank = slice_find(all, ' ', 0);
	struct slice method = slice_head(all, blank == SIZE_MAX ? 0 : blank);

	url_try(blank == SIZE_MAX ? all : slice_tail(all, blank + 1), method);
	address_try(all);
	return (0);
}
