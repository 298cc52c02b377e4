/*
 * /v1/agent/host: what this agent runs on, in the shapes of gopsutil.
 *
 * Read at each request, from single files that wiring.h allows (READ_HOST) and
 * two system calls. What a file does not say is left empty, as there.
 *
 * Source  api/http.md 7; proc(5), os-release(5); the real one's answers
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "json.h"

#define FILE_BYTES_MAX (4 * 1024 * 1024) /* cpuinfo of very many CPUs */
#define STEP_BYTES     (16 * 1024)

/* --- Files. --- */

/* Empty where it can't be read. */
static struct slice
file_read(const char *path, struct arena *arena)
{
	struct buf text = { 0 };
	struct slice copy;
	ssize_t size = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && size > 0 && text.size < FILE_BYTES_MAX) {
		uint8_t *to = buf_extend(&text, STEP_BYTES);

		size = read(fd, to, STEP_BYTES);
		text.size -= STEP_BYTES - (size > 0 ? (size_t)size : 0);
	}
	if (fd >= 0)
		close(fd);
	copy = arena_copy(arena, buf_slice(&text));
	buf_deinit(&text);
	return (copy);
}

static struct slice
trim(struct slice s)
{
	while (s.size > 0 && strchr(" \t\"\n", s.data[0]) != NULL)
		s = slice_tail(s, 1);
	while (s.size > 0 && strchr(" \t\"\n", s.data[s.size - 1]) != NULL)
		s.size--;
	return (s);
}

static bool
line_take(struct slice *rest, struct slice *line)
{
	size_t end;

	if (rest->size == 0)
		return (false);
	end = slice_find(*rest, '\n', 0);
	if (end == SIZE_MAX)
		end = rest->size;
	*line = slice_head(*rest, end);
	*rest = slice_tail(*rest, end < rest->size ? end + 1 : end);
	return (true);
}

/* The value of "name: value" or "name=value"; empty if there is none. */
static struct slice
value_of(struct slice text, const char *name, char mark)
{
	struct slice line;

	while (line_take(&text, &line)) {
		size_t at = slice_find(line, (uint8_t)mark, 0);

		if (at != SIZE_MAX &&
		    slice_is(trim(slice_head(line, at)), name))
			return (trim(slice_tail(line, at + 1)));
	}
	return ((struct slice){ 0 });
}

/* The number that it begins with. */
static uint64_t
number_of(struct slice text)
{
	uint64_t number = 0;

	for (size_t i = 0; i < text.size && text.data[i] >= '0' &&
			   text.data[i] <= '9' && number < UINT64_MAX / 10;
	     i++)
		number = number * 10 + (text.data[i] - '0');
	return (number);
}

static void
put_name(struct buf *out, const char *name)
{
	if (out->data[out->size - 1] != '{')
		buf_put_u8(out, ',');
	buf_printf(out, "\"%s\":", name);
}

static void
put_number(struct buf *out, const char *name, uint64_t value)
{
	put_name(out, name);
	buf_put_decimal(out, value);
}

static void
put_text(struct buf *out, const char *name, struct slice value)
{
	put_name(out, name);
	json_put_text(out, value);
}

static void
put_percent(struct buf *out, const char *name, uint64_t part, uint64_t all)
{
	put_name(out, name);
	json_put_float(out, all == 0 ? 0 : (double)part / (double)all * 100);
}

/* --- Memory. --- */

/* Rows of /proc/meminfo; those without a name are nothing on Linux. */
static const struct {
	const char *name;
	const char *row;
	uint64_t unit;
} memory_rows[] = {
	{ "active", "Active", 1024 },
	{ "inactive", "Inactive", 1024 },
	{ "wired", NULL, 0 },
	{ "laundry", NULL, 0 },
	{ "buffers", "Buffers", 1024 },
	{ "cached", NULL, 0 },
	{ "writeback", "Writeback", 1024 },
	{ "dirty", "Dirty", 1024 },
	{ "writebacktmp", "WritebackTmp", 1024 },
	{ "shared", "Shmem", 1024 },
	{ "slab", "Slab", 1024 },
	{ "sreclaimable", "SReclaimable", 1024 },
	{ "sunreclaim", "SUnreclaim", 1024 },
	{ "pagetables", "PageTables", 1024 },
	{ "swapcached", "SwapCached", 1024 },
	{ "commitlimit", "CommitLimit", 1024 },
	{ "committedas", "Committed_AS", 1024 },
	{ "hightotal", "HighTotal", 1024 },
	{ "highfree", "HighFree", 1024 },
	{ "lowtotal", "LowTotal", 1024 },
	{ "lowfree", "LowFree", 1024 },
	{ "swaptotal", "SwapTotal", 1024 },
	{ "swapfree", "SwapFree", 1024 },
	{ "mapped", "Mapped", 1024 },
	{ "vmalloctotal", "VmallocTotal", 1024 },
	{ "vmallocused", "VmallocUsed", 1024 },
	{ "vmallocchunk", "VmallocChunk", 1024 },
	{ "hugepagestotal", "HugePages_Total", 1 },
	{ "hugepagesfree", "HugePages_Free", 1 },
	{ "hugepagesize", "Hugepagesize", 1024 },
};

static uint64_t
memory_of(struct slice text, const char *row)
{
	return (number_of(value_of(text, row, ':')) * 1024);
}

static void
put_memory(struct buf *out, struct arena *arena)
{
	struct slice text = file_read("/proc/meminfo", arena);
	uint64_t total = memory_of(text, "MemTotal");
	uint64_t free = memory_of(text, "MemFree");
	uint64_t cached =
	    memory_of(text, "Cached") + memory_of(text, "SReclaimable");
	uint64_t used = total - free - memory_of(text, "Buffers") - cached;

	buf_put_text(out, "{\"Memory\":{");
	put_number(out, "total", total);
	put_number(out, "available", memory_of(text, "MemAvailable"));
	put_number(out, "used", used);
	put_percent(out, "usedPercent", used, total);
	put_number(out, "free", free);
	for (size_t i = 0; i < sizeof(memory_rows) / sizeof(memory_rows[0]);
	     i++) {
		const char *row = memory_rows[i].row;
		uint64_t value =
		    row == NULL ? 0 : number_of(value_of(text, row, ':'));

		put_number(out, memory_rows[i].name,
		    strcmp(memory_rows[i].name, "cached") == 0
			? cached
			: value * memory_rows[i].unit);
	}
	buf_put_u8(out, '}');
}

/* --- CPUs. --- */

static void
put_flags(struct buf *out, struct slice flags)
{
	bool is_first = true;

	put_name(out, "flags");
	buf_put_u8(out, '[');
	while (flags.size > 0) {
		size_t space = slice_find(flags, ' ', 0);
		size_t end = space == SIZE_MAX ? flags.size : space;

		if (!is_first)
			buf_put_u8(out, ',');
		is_first = false;
		json_put_text(out, slice_head(flags, end));
		flags = slice_tail(flags, space == SIZE_MAX ? end : end + 1);
	}
	buf_put_u8(out, ']');
}

/* `text` is its paragraph of /proc/cpuinfo. */
static void
put_cpu(struct buf *out, struct slice text, struct arena *arena)
{
	struct slice mhz = value_of(text, "cpu MHz", ':');

	buf_put_u8(out, '{');
	put_number(out, "cpu", number_of(value_of(text, "processor", ':')));
	put_text(out, "vendorId", value_of(text, "vendor_id", ':'));
	put_text(out, "family", value_of(text, "cpu family", ':'));
	put_text(out, "model", value_of(text, "model", ':'));
	put_number(out, "stepping", number_of(value_of(text, "stepping", ':')));
	put_text(out, "physicalId", value_of(text, "physical id", ':'));
	put_text(out, "coreId", value_of(text, "core id", ':'));
	put_number(out, "cores", 1);
	put_text(out, "modelName", value_of(text, "model name", ':'));
	put_name(out, "mhz");
	json_put_float(out, strtod(arena_text(arena, mhz), NULL));
	put_number(
	    out, "cacheSize", number_of(value_of(text, "cache size", ':')));
	put_flags(out, value_of(text, "flags", ':'));
	put_text(out, "microcode", value_of(text, "microcode", ':'));
	buf_put_u8(out, '}');
}

static void
put_cpus(struct buf *out, struct slice text, struct arena *arena)
{
	bool is_first = true;

	buf_put_text(out, ",\"CPU\":[");
	while (text.size > 0) {
		const uint8_t *blank = memmem(text.data, text.size, "\n\n", 2);
		size_t end =
		    blank == NULL ? text.size : (size_t)(blank - text.data);
		struct slice one = slice_head(text, end);

		if (value_of(one, "processor", ':').size > 0) {
			if (!is_first)
				buf_put_u8(out, ',');
			is_first = false;
			put_cpu(out, one, arena);
		}
		text = slice_tail(text, blank == NULL ? end : end + 2);
	}
	buf_put_u8(out, ']');
}

/* --- Host and disk. --- */

/* A distribution's family, where it is not its own. */
static struct slice
family_of(struct slice platform)
{
	static const char *const families[][2] = { { "ubuntu", "debian" },
		{ "raspbian", "debian" }, { "linuxmint", "debian" },
		{ "centos", "rhel" }, { "rocky", "rhel" },
		{ "almalinux", "rhel" }, { "ol", "rhel" }, { "amzn", "rhel" },
		{ "opensuse-leap", "suse" }, { "sles", "suse" } };

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (slice_is(platform, families[i][0]))
			return (slice_of_text(families[i][1]));
	return (platform);
}

/* systemd's id in the form of a UUID; else that of this start. */
static struct slice
host_id(struct arena *arena)
{
	struct slice id = trim(file_read("/etc/machine-id", arena));

	if (id.size != 32)
		return (
		    trim(file_read("/proc/sys/kernel/random/boot_id", arena)));
	return (arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%.12s",
	    (const char *)id.data, (const char *)id.data + 8,
	    (const char *)id.data + 12, (const char *)id.data + 16,
	    (const char *)id.data + 20));
}

static void
put_platform(struct buf *out, struct arena *arena)
{
	struct slice release = file_read("/etc/os-release", arena);
	struct slice platform = value_of(release, "ID", '=');
	struct slice version = trim(file_read("/etc/debian_version", arena));

	if (!slice_is(platform, "debian") || version.size == 0)
		version = value_of(release, "VERSION_ID", '=');
	put_text(out, "os", SLICE("linux"));
	put_text(out, "platform", platform);
	put_text(out, "platformFamily", family_of(platform));
	put_text(out, "platformVersion", version);
}

/* `procs` counts threads as well: the kernel tells no other number without all
 * of /proc. */
static void
put_host(struct buf *out, struct slice cpuinfo, struct arena *arena)
{
	struct utsname name;
	struct sysinfo info;
	struct slice flags = value_of(cpuinfo, "flags", ':');
	bool is_guest = flags.size > 0 && memmem(flags.data, flags.size,
					      "hypervisor", 10) != NULL;

	if (uname(&name) != 0)
		memset(&name, 0, sizeof(name));
	if (sysinfo(&info) != 0)
		memset(&info, 0, sizeof(info));
	buf_put_text(out, ",\"Host\":{");
	put_text(out, "hostname", slice_of_text(name.nodename));
	put_number(out, "uptime", (uint64_t)info.uptime);
	put_number(out, "bootTime", (uint64_t)(time(NULL) - info.uptime));
	put_number(out, "procs", info.procs);
	put_platform(out, arena);
	put_text(out, "kernelVersion", slice_of_text(name.release));
	put_text(out, "kernelArch", slice_of_text(name.machine));
	put_text(out, "virtualizationSystem", SLICE(""));
	put_text(
	    out, "virtualizationRole", is_guest ? SLICE("guest") : SLICE(""));
	put_text(out, "hostid", host_id(arena));
	buf_put_u8(out, '}');
}

static struct slice
filesystem_name(uint64_t magic)
{
	static const struct {
		uint64_t magic;
		const char *name;
	} names[] = { { 0xef53, "ext2/ext3" }, { 0x58465342, "xfs" },
		{ 0x9123683e, "btrfs" }, { 0x01021994, "tmpfs" },
		{ 0x794c7630, "overlayfs" }, { 0x6969, "nfs" },
		{ 0x2fc12fc1, "zfs" }, { 0xf2f52010, "f2fs" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].magic == magic)
			return (slice_of_text(names[i].name));
	return (SLICE(""));
}

static void
put_disk(struct buf *out)
{
	struct statfs fs;
	uint64_t unit, used, free;

	if (statfs("/", &fs) != 0)
		memset(&fs, 0, sizeof(fs));
	unit = (uint64_t)fs.f_bsize;
	used = (uint64_t)(fs.f_blocks - fs.f_bfree) * unit;
	free = (uint64_t)fs.f_bavail * unit;
	buf_put_text(out, ",\"Disk\":{");
	put_text(out, "path", SLICE("/"));
	put_text(out, "fstype", filesystem_name((uint64_t)fs.f_type));
	put_number(out, "total", (uint64_t)fs.f_blocks * unit);
	put_number(out, "free", free);
	put_number(out, "used", used);
	put_percent(out, "usedPercent", used, used + free);
	put_number(out, "inodesTotal", fs.f_files);
	put_number(out, "inodesUsed", fs.f_files - fs.f_ffree);
	put_number(out, "inodesFree", fs.f_ffree);
	put_percent(
	    out, "inodesUsedPercent", fs.f_files - fs.f_ffree, fs.f_files);
	buf_put_u8(out, '}');
}

void
api_agent_host(struct request *r)
{
	struct response out = { .status = 200, .content = CONTENT_JSON };
	struct slice cpuinfo = file_read("/proc/cpuinfo", r->arena);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	put_memory(&out.body, r->arena);
	put_cpus(&out.body, cpuinfo, r->arena);
	put_host(&out.body, cpuinfo, r->arena);
	put_disk(&out.body);
	buf_printf(&out.body,
	    ",\"CollectionTime\":%" PRId64 ",\"Errors\":null}",
	    (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	request_answer(r, &out);
}
