/*
 * What /proc shows of one process; see audit.h. Threads, limits and the record
 * can be seen by anyone who may see the process; the rest, of a process that
 * is not dumpable, only by who has CAP_SYS_PTRACE.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"

#define DELETED		"(deleted)"
#define ARGUMENTS_SHOWN 4096

bool
audit_file_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = -1;
	int error;

	buf_reset(out);
	if (fd < 0)
		return (false);
	do {
		buf_reserve(out, 4096);
		size = read(fd, out->data + out->size, 4096);
		if (size > 0)
			out->size += (size_t)size;
	} while (size > 0 && out->size <= AUDIT_TEXT_MAX);
	error = size < 0 ? errno : EFBIG;
	close(fd);
	errno = error;
	return (size == 0);
}

/* Numbers that are names in a folder; -1 at the end. */
static int
number_next(DIR *folder)
{
	const struct dirent *entry;
	char *end;
	long number;

	while ((entry = readdir(folder)) != NULL) {
		number = strtol(entry->d_name, &end, 10);
		if (end != entry->d_name && *end == '\0' && number >= 0)
			return ((int)number);
	}
	return (-1);
}

/* The target of a link; NULL if it cannot be seen. */
static const char *
link_read(struct arena *arena, const char *path)
{
	char target[4096];
	ssize_t size = readlink(path, target, sizeof(target));

	return (
	    size > 0 ? arena_text(arena, slice(target, (size_t)size)) : NULL);
}

/* Not there any more is no reason: threads end, descriptors are closed. */
static const char *
failure_text(struct arena *arena, const char *path)
{
	if (errno == ENOENT || errno == ESRCH)
		return (NULL);
	return (audit_text(arena, "%s: %s", path, strerror(errno)));
}

static bool
threads_look(struct arena *arena, struct audit_process *p)
{
	char path[64];
	struct buf text = { 0 };
	const char *why;
	DIR *folder;
	int id;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)p->pid);
	folder = opendir(path);
	if (folder == NULL)
		return (false);
	p->threads = arena_array(arena, AUDIT_THREADS_MAX, sizeof(*p->threads));
	p->thread_count = 0;
	while ((id = number_next(folder)) >= 0) {
		if (p->thread_count == AUDIT_THREADS_MAX) {
			p->threads_why = audit_text(
			    arena, "more than %d", AUDIT_THREADS_MAX);
			break;
		}
		snprintf(path, sizeof(path), "/proc/%d/task/%d/status",
		    (int)p->pid, id);
		if (!audit_file_read(path, &text)) {
			why = failure_text(arena, path);
			p->threads_why = why != NULL ? why : p->threads_why;
		} else if (audit_parse_status(buf_slice(&text), arena,
			       &p->threads[p->thread_count]))
			p->thread_count++;
		else
			p->threads_why =
			    audit_text(arena, "%s: not understood", path);
	}
	closedir(folder);
	buf_deinit(&text);
	return (p->thread_count > 0);
}

/* The files of a process belong to its user, or to root if it is not dumpable;
 * the folder itself always to its user. */
static void
owner_look(struct audit_process *p)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)p->pid);
	p->proc_uid = stat(path, &st) == 0 ? st.st_uid : p->threads[0].uids[1];
}

static void
limits_look(struct arena *arena, struct audit_process *p)
{
	struct buf text = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/limits", (int)p->pid);
	if (audit_file_read(path, &text))
		audit_parse_limits(buf_slice(&text), arena, p);
	buf_deinit(&text);
}

/* Names, never values: those may be secrets. */
static void
environment_look(struct arena *arena, struct audit_process *p)
{
	struct buf text = { 0 }, names = { 0 };
	struct slice rest, word;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)p->pid);
	if (!audit_file_read(path, &text)) {
		p->environment = NULL;
		buf_deinit(&text);
		return;
	}
	for (rest = buf_slice(&text); rest.size > 0;
	     rest = slice_tail(rest, size == SIZE_MAX ? rest.size : size + 1)) {
		size = slice_find(rest, '\0', 0);
		word = size == SIZE_MAX ? rest : slice_head(rest, size);
		if (word.size == 0)
			continue;
		if (slice_find(word, '=', 0) != SIZE_MAX)
			word = slice_head(word, slice_find(word, '=', 0));
		buf_printf(&names, "%s%.*s", names.size > 0 ? " " : "",
		    SLICE_ARGS(word));
	}
	p->environment = arena_text(arena, buf_slice(&names));
	buf_deinit(&text);
	buf_deinit(&names);
}

static void
program_look(struct arena *arena, struct audit_process *p)
{
	struct stat st;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	p->program = link_read(arena, path);
	/* As for descriptors, which root may list without it, but not read. */
	p->is_open = p->program != NULL;
	if (!p->is_open)
		p->program = "?";
	size = strlen(p->program);
	p->program_was_replaced =
	    size > strlen(DELETED) &&
	    strcmp(p->program + size - strlen(DELETED), DELETED) == 0;
	p->program_is_loose = stat(path, &st) == 0 &&
			      ((st.st_mode & S_IWOTH) != 0 ||
				  (st.st_uid != 0 && st.st_uid != geteuid() &&
				      st.st_uid == p->threads[0].uids[1]));
}

/* --- Descriptors and mappings. --- */

static void
handle_look(struct arena *arena, struct audit_process *p, int number,
    struct audit_handle *handle)
{
	const char *why;
	struct buf text = { 0 };
	char path[64];

	*handle = (struct audit_handle){ .number = number };
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)p->pid, number);
	handle->target = link_read(arena, path);
	if (handle->target == NULL && (why = failure_text(arena, path)) != NULL)
		p->handles_why = why;
	/* Without its flags it counts as one that may do all. */
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)p->pid, number);
	if (!audit_file_read(path, &text))
		buf_reset(&text);
	audit_parse_flags(buf_slice(&text), handle);
	buf_deinit(&text);
}

static void
handle_keep(struct arena *arena, struct audit_process *p, size_t *capacity,
    struct audit_handle handle)
{
	struct audit_handle *more;

	if (p->handle_count == AUDIT_HANDLES_MAX) {
		p->handles_why =
		    audit_text(arena, "more than %d", AUDIT_HANDLES_MAX);
		return;
	}
	if (p->handle_count == *capacity) {
		*capacity = *capacity * 2 + 32;
		more = arena_array(arena, *capacity, sizeof(*more));
		if (p->handle_count > 0)
			memcpy(
			    more, p->handles, p->handle_count * sizeof(*more));
		p->handles = more;
	}
	p->handles[p->handle_count++] = handle;
}

/* "7f00-7f10 rw-s 00000000 fe:00 122  /run/x" */
static void
mapping_look(struct arena *arena, struct audit_process *p, size_t *capacity,
    char *line, struct buf *writable, struct buf *replaced)
{
	struct audit_handle handle = { .number = -1 };
	char rights[5] = "";
	const char *path;
	int at = 0;

	if (sscanf(line, "%*s %4s %*s %*s %*s %n", rights, &at) != 1)
		return;
	path = at > 0 ? line + at : "";
	if (rights[1] == 'w' && rights[2] == 'x')
		buf_printf(writable, "%s%s", writable->size > 0 ? " " : "",
		    *path != '\0' ? path : "memory");
	if (rights[2] == 'x' && strstr(path, DELETED) != NULL &&
	    strcmp(path, p->program) != 0 &&
	    strstr(buf_text(replaced), path) == NULL)
		buf_printf(
		    replaced, "%s%s", replaced->size > 0 ? " " : "", path);
	if (rights[3] != 's' || *path != '/')
		return;
	handle.reads = rights[0] == 'r';
	handle.writes = rights[1] == 'w';
	handle.target = arena_text(arena, slice_of_text(path));
	handle_keep(arena, p, capacity, handle);
}

static void
mappings_look(struct arena *arena, struct audit_process *p, size_t *capacity)
{
	struct buf text = { 0 }, writable = { 0 }, replaced = { 0 };
	char path[64], *rest, *line;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)p->pid);
	if (!audit_file_read(path, &text)) {
		p->writable_code = p->replaced_code = NULL;
		p->handles_why = audit_text(
		    arena, "shared memory, %s: %s", path, strerror(errno));
		buf_deinit(&text);
		return;
	}
	rest = arena_text(arena, buf_slice(&text));
	while ((line = strsep(&rest, "\n")) != NULL)
		mapping_look(arena, p, capacity, line, &writable, &replaced);
	p->writable_code = arena_text(arena, buf_slice(&writable));
	p->replaced_code = arena_text(arena, buf_slice(&replaced));
	buf_deinit(&text);
	buf_deinit(&writable);
	buf_deinit(&replaced);
}

static void
handles_look(struct arena *arena, struct audit_process *p)
{
	struct audit_handle handle;
	size_t capacity = 0;
	char path[64];
	DIR *folder;
	int number;

	p->handle_count = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)p->pid);
	folder = opendir(path);
	if (folder == NULL) {
		p->handles_why =
		    audit_text(arena, "%s: %s", path, strerror(errno));
		return;
	}
	while (
	    (p->handle_count < AUDIT_HANDLES_MAX || p->handles_why == NULL) &&
	    (number = number_next(folder)) >= 0) {
		handle_look(arena, p, number, &handle);
		if (handle.target != NULL) /* else closed meanwhile */
			handle_keep(arena, p, &capacity, handle);
	}
	closedir(folder);
	mappings_look(arena, p, &capacity);
}

int
audit_arguments_read(
    struct arena *arena, pid_t pid, char **arguments, size_t max)
{
	struct buf text = { 0 };
	char path[64], *words, *word;
	size_t count = 0, skipped = 0, size;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (!audit_file_read(path, &text)) {
		buf_deinit(&text);
		return (-1);
	}
	size = text.size;
	words = arena_text(arena, buf_slice(&text));
	buf_deinit(&text);
	for (word = words; word < words + size; word += strlen(word) + 1) {
		if (skipped++ < 3)
			continue;
		if (count == max)
			return (-1);
		arguments[count++] = word;
	}
	return ((int)count);
}

static void
arguments_look(struct arena *arena, struct audit_process *p)
{
	char **words = arena_array(arena, ARGUMENTS_SHOWN, sizeof(*words));
	int count = audit_arguments_read(arena, p->pid, words, ARGUMENTS_SHOWN);
	struct buf text = { 0 };

	for (int i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i > 0 ? " " : "", words[i]);
	p->arguments = count < 0 ? NULL : arena_text(arena, buf_slice(&text));
	buf_deinit(&text);
}

bool
audit_look(struct arena *arena, pid_t pid, const char *run_dir,
    struct audit_process *p)
{
	struct buf why = { 0 };
	char path[64];

	*p = (struct audit_process){
		.pid = pid,
		.subject = p->subject,
		.program = "?",
		.environment = "",
		.writable_code = "",
		.replaced_code = "",
	};
	if (!threads_look(arena, p))
		return (false);
	p->parent = p->threads[0].parent;
	owner_look(p);
	limits_look(arena, p);
	arguments_look(arena, p);
	program_look(arena, p);
	if (p->is_open) {
		handles_look(arena, p);
		environment_look(arena, p);
	}
	p->record_err = powers_record_read(
	    run_dir, audit_row(p->subject)->name, arena, &p->record, &why);
	p->record_why = arena_text(arena, buf_slice(&why));
	buf_deinit(&why);
	/* What it no longer had was not hidden. */
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return (access(path, F_OK) == 0);
}
