/*
 * -autocomplete-install: a line in the start files of bash and zsh, and a file
 * for fish, that make them ask us (complete.c); -autocomplete-uninstall takes
 * them out again.
 *
 * The home is $HOME, or else the one of the user: Consul looks at the latter
 * only, and so edits files of another home where the two differ.
 *
 * Source  posener/complete, as observed
 */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"
#include "bytes.h"
#include "commands.h"
#include "files.h"
#include "log.h"
#include "say.h"

struct shells {
	struct arena arena;
	const char *home;
	const char *name;    /* what is completed */
	const char *program; /* by whom */
	bool installs;
	unsigned found_count;
	unsigned error_count;
	struct buf errors; /* a line each */
};

/* printf into the arena; here a path, there a line. */
static const char *PRINTF_LIKE(2, 3)
    text(struct shells *s, const char *format, ...)
{
	const char *kept;
	char *printed;
	va_list args;

	va_start(args, format);
	if (vasprintf(&printed, format, args) < 0)
		fatal("out of memory");
	va_end(args);
	kept = arena_text(&s->arena, slice_of_text(printed));
	free(printed);
	return (kept);
}

static bool
is_kind(const char *path, mode_t kind)
{
	struct stat st;

	return (stat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind);
}

static void
fail(struct shells *s, const char *what, const char *path, int error)
{
	s->error_count++;
	buf_printf(&s->errors, "\t* %s %s", what, path);
	if (error != 0) {
		buf_put_text(&s->errors, ": ");
		errno_put(&s->errors, error);
	}
	buf_put_u8(&s->errors, '\n');
}

/* Where `line` stands among `lines` as a line of its own; NULL: nowhere. */
static const char *
line_find(const char *lines, const char *line)
{
	size_t size = strlen(line);
	const char *at;

	for (at = strstr(lines, line); at != NULL; at = strstr(at + 1, line)) {
		if ((at == lines || at[-1] == '\n') &&
		    (at[size] == '\n' || at[size] == '\0'))
			return (at);
	}
	return (NULL);
}

/* In the place of the file, whole or not at all, and with its mode. */
static void
file_replace(struct shells *s, const char *path, struct slice content)
{
	const char *new = text(s, "%s.new", path);
	struct stat st;
	bool is_good;
	FILE *file;

	if (stat(path, &st) != 0 || (file = fopen(new, "we")) == NULL) {
		fail(s, "open", new, errno);
		return;
	}
	is_good = fwrite(content.data, 1, content.size, file) == content.size &&
		  fchmod(fileno(file), st.st_mode & 07777) == 0 &&
		  fflush(file) == 0 && fsync(fileno(file)) == 0;
	is_good = fclose(file) == 0 && is_good;
	if (!is_good || rename(new, path) != 0) {
		fail(s, "write", path, errno);
		(void)unlink(new);
	}
}

/* Put `line` into a start file, behind `before` where that is not in it yet,
 * or take it out. */
static void
start_file_change(
    struct shells *s, const char *path, const char *before, const char *line)
{
	struct buf old = { 0 }, why = { 0 }, out = { 0 };
	const char *at, *behind;

	s->found_count++;
	if (file_read(path, &old, &why) != ERR_OK) {
		fail(s, "open", path, errno);
	} else if (s->installs == (line_find(buf_text(&old), line) != NULL)) {
		fail(s,
		    s->installs ? "already installed in"
				: "does not installed in",
		    path, 0);
	} else if (s->installs) {
		buf_put_slice(&out, buf_slice(&old));
		buf_put_u8(&out, '\n');
		if (before != NULL && !line_find(buf_text(&old), before))
			buf_printf(&out, "%s\n", before);
		buf_printf(&out, "%s\n", line);
		file_replace(s, path, buf_slice(&out));
	} else {
		at = line_find(buf_text(&old), line);
		behind = at + strlen(line) + (at[strlen(line)] == '\n');
		buf_put(&out, buf_text(&old), (size_t)(at - buf_text(&old)));
		buf_put_text(&out, behind);
		file_replace(s, path, buf_slice(&out));
	}
	buf_deinit(&old);
	buf_deinit(&why);
	buf_deinit(&out);
}

static void
bash_change(struct shells *s)
{
	static const char *const names[] = { ".bashrc", ".bash_profile",
		".bash_login", ".profile" };
	const char *path;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		path = text(s, "%s/%s", s->home, names[i]);
		if (is_kind(path, S_IFREG)) {
			start_file_change(s, path, NULL,
			    text(s, "complete -C %s %s", s->program, s->name));
			return;
		}
	}
}

static void
zsh_change(struct shells *s)
{
	const char *path = text(s, "%s/.zshrc", s->home);

	if (is_kind(path, S_IFREG))
		start_file_change(s, path,
		    "autoload -U +X bashcompinit && bashcompinit",
		    text(s, "complete -o nospace -C %s %s", s->program,
			s->name));
}

static void
fish_write(struct shells *s, const char *path)
{
	FILE *file = fopen(path, "wxe");
	bool is_good;

	if (file == NULL) {
		fail(s, "open", path, errno);
		return;
	}
	is_good = fprintf(file,
		      "function __complete_%s\n"
		      "    set -lx COMP_LINE (commandline -cp)\n"
		      "    test -z (commandline -ct)\n"
		      "    and set COMP_LINE \"$COMP_LINE \"\n"
		      "    %s\n"
		      "end\n"
		      "complete -f -c %s -a \"(__complete_%s)\"\n",
		      s->name, s->program, s->name, s->name) > 0;
	if (fclose(file) != 0 || !is_good)
		fail(s, "write", path, errno);
}

static void
fish_change(struct shells *s)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *folder, *path;

	if (config == NULL || *config == '\0')
		config = text(s, "%s/.config", s->home);
	folder = text(s, "%s/fish", config);
	if (!is_kind(folder, S_IFDIR))
		return;
	s->found_count++;
	folder = text(s, "%s/completions", folder);
	path = text(s, "%s/%s.fish", folder, s->name);
	if (s->installs == is_kind(path, S_IFREG)) {
		fail(s,
		    s->installs ? "already installed at"
				: "does not installed in",
		    path, 0);
	} else if (!s->installs) {
		if (unlink(path) != 0)
			fail(s, "remove", path, errno);
	} else {
		if (mkdir(folder, 0755) != 0 && errno != EEXIST)
			fail(s, "mkdir", folder, errno);
		else
			fish_write(s, path);
	}
}

static bool
shells_init(struct shells *s, const char *called)
{
	const char *slash = strrchr(called, '/'), *home = getenv("HOME");
	const struct passwd *user;
	char program[4096];
	ssize_t size;

	if ((home == NULL || *home == '\0') &&
	    (user = getpwuid(getuid())) != NULL)
		home = user->pw_dir;
	size = readlink("/proc/self/exe", program, sizeof(program));
	if (home == NULL || size <= 0 || (size_t)size >= sizeof(program))
		return (false);
	s->home = home;
	s->name = slash == NULL ? called : slash + 1;
	s->program = text(s, "%.*s", (int)size, program);
	return (true);
}

int
complete_install(bool installs, bool uninstalls, const char *called)
{
	struct shells s = { .installs = installs };
	int status = 0;

	if (installs && uninstalls)
		return (say_error("Error executing CLI: Either the "
				  "autocomplete install or uninstall flag may "
				  "be specified, but not both."));
	arena_init(&s.arena);
	if (shells_init(&s, called)) {
		bash_change(&s);
		zsh_change(&s);
		fish_change(&s);
	}
	if (s.found_count == 0)
		status = say_error("Error executing CLI: Did not find any "
				   "shells to install");
	else if (s.error_count > 0)
		status = say_error("Error executing CLI: %u error%s "
				   "occurred:\n%s\n",
		    s.error_count, s.error_count == 1 ? "" : "s",
		    buf_text(&s.errors));
	buf_deinit(&s.errors);
	arena_deinit(&s.arena);
	return (status);
}
