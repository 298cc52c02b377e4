/*
 * The generation page in a file on tmpfs; see genpage.h.
 *
 * One writer, many readers, no locks: counters only grow, each is one aligned
 * 64-bit word, and the writer stores them with release order before the answer
 * that made them change leaves.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "genpage.h"
#include "log.h"

struct genpage {
	_Atomic uint64_t epoch;
	_Atomic int64_t trusted_until_ns;
	_Atomic int64_t heard_ns;
	_Atomic uint64_t generations[GENPAGE_BUCKETS];
};

uint32_t
genpage_bucket(enum gen_kind kind, struct slice key)
{
	uint64_t hash = slice_hash(key) + (uint64_t)kind * 0x9e3779b97f4a7c15U;

	hash ^= hash >> 32;
	return ((uint32_t)(hash * 0x9e3779b97f4a7c15U >> 40) % GENPAGE_BUCKETS);
}

static struct genpage *
map(int fd, int protection)
{
	void *page =
	    mmap(NULL, sizeof(struct genpage), protection, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return (NULL);
	return (page);
}

struct genpage *
genpage_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct genpage *page;

	/* Whatever the umask is: who reads it is in its group. */
	if (fd < 0 || fchmod(fd, 0640) != 0 ||
	    ftruncate(fd, sizeof(*page)) != 0)
		fatal("cannot make %s: %s", path, strerror(errno));
	page = map(fd, PROT_READ | PROT_WRITE);
	if (page == NULL)
		fatal("cannot map %s: %s", path, strerror(errno));
	close(fd);
	genpage_raise_all(page);
	return (page);
}

void
genpage_raise(struct genpage *page, uint32_t bucket)
{
	assert(bucket < GENPAGE_BUCKETS);
	atomic_fetch_add_explicit(
	    &page->generations[bucket], 1, memory_order_release);
}

void
genpage_raise_all(struct genpage *page)
{
	uint64_t epoch = 0;

	genpage_trust(page, INSTANT_NONE);
	genpage_contact(page, INSTANT_NONE);
	while (epoch == 0)
		if (getrandom(&epoch, sizeof(epoch), 0) < 0)
			fatal("no randomness: %s", strerror(errno));
	atomic_store_explicit(&page->epoch, epoch, memory_order_release);
}

uint64_t
genpage_generation(const struct genpage *page, uint32_t bucket)
{
	assert(bucket < GENPAGE_BUCKETS);
	return (atomic_load_explicit(
	    &page->generations[bucket], memory_order_acquire));
}

void
genpage_trust(struct genpage *page, struct instant until)
{
	atomic_store_explicit(
	    &page->trusted_until_ns, until.ns, memory_order_release);
}

void
genpage_contact(struct genpage *page, struct instant heard)
{
	atomic_store_explicit(&page->heard_ns, heard.ns, memory_order_release);
}

struct instant
genpage_heard(const struct genpage *page)
{
	return ((struct instant){
	    atomic_load_explicit(&page->heard_ns, memory_order_acquire) });
}

struct genpage *
genpage_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct genpage *page = NULL;

	if (fd < 0)
		return (NULL);
	/* A shorter file would kill us at the first look (SIGBUS). */
	if (lseek(fd, 0, SEEK_END) >= (off_t)sizeof(*page))
		page = map(fd, PROT_READ);
	close(fd);
	return (page);
}

uint64_t
genpage_epoch(const struct genpage *page)
{
	return (atomic_load_explicit(&page->epoch, memory_order_acquire));
}

bool
genpage_is_trusted(const struct genpage *page, struct instant now)
{
	struct instant until = { atomic_load_explicit(
	    &page->trusted_until_ns, memory_order_acquire) };

	return (instant_before(now, until));
}

void
genpage_close(struct genpage *page)
{
	if (page != NULL)
		munmap(page, sizeof(*page));
}
