/* Folders and files of a suite, looked at; see audit.h. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "audit.h"
#include "metrics_read.h"

#define DEPTH_MAX   4
#define ENTRIES_MAX 65536 /* of one part of the data directory */

static void
place_look(struct audit_report *r, struct audit_place place)
{
	struct stat st;

	if (lstat(place.path, &st) != 0) {
		place.error = errno;
	} else {
		place.found_uid = st.st_uid;
		place.found_gid = st.st_gid;
		place.found_mode = st.st_mode;
	}
	audit_compare_place(r, &place);
}

static const struct audit_declared *
declared(const struct audit_suite *suite, size_t subject)
{
	return (&suite->declared[subject]);
}

/* root's, or where one user has all of it, that user's. */
static uint32_t
top_uid(const struct audit_suite *suite)
{
	return (declared(suite, 0)->is_shared ? suite->run_uid : 0);
}

/* --- Edges. --- */

static void
edge_look(struct audit_report *r, const struct audit_suite *suite,
    enum daemon_id peer)
{
	const struct audit_declared *catalogd =
	    declared(suite, DAEMON_catalogd);
	const struct audit_declared *d = declared(suite, peer);
	const char *folder =
	    audit_text(r->arena, "%s/%s", suite->run_dir, daemon_name(peer));

	audit_block_add(r, "edge", daemon_name(peer), 0);
	place_look(r, (struct audit_place){ .path = folder,
			  .what = "folder",
			  .kind = S_IFDIR,
			  .uid = catalogd->uid,
			  .other_uid = catalogd->uid,
			  .gid = d->gid,
			  .mode = 02710,
			  .other_mode = 02710 });
	place_look(r,
	    (struct audit_place){ .path = audit_text(r->arena, "%s/s", folder),
		.what = "socket",
		.kind = S_IFSOCK,
		.uid = catalogd->uid,
		.other_uid = catalogd->uid,
		.gid = d->gid,
		.mode = 0660,
		.other_mode = 0660 });
	audit_compare_ends(r, suite, peer);
}

/* --- The run directory. --- */

/* Files that daemons keep there: each its own, made as root or as itself. */
static void
files_look(struct audit_report *r, const struct audit_suite *suite,
    const char *folder, size_t subjects)
{
	for (size_t i = 0; i < subjects; i++) {
		const struct audit_declared *d = declared(suite, i);
		/* healthd writes for its helpers. */
		size_t writer = i < DAEMON_COUNT ? i : DAEMON_healthd;

		place_look(r, (struct audit_place){
				  .path = audit_text(r->arena, "%s/%s/%s",
				      suite->run_dir, folder, d->row->name),
				  .what = "file",
				  .kind = S_IFREG,
				  .uid = declared(suite, writer)->uid,
				  .other_uid = top_uid(suite),
				  .gid = d->page_gid,
				  .mode = 0640,
				  .other_mode = 0640 });
	}
}

static void
shared_folder_look(struct audit_report *r, const struct audit_suite *suite,
    const char *name, uint32_t uid, unsigned mode)
{
	place_look(r, (struct audit_place){ .path = audit_text(r->arena,
						"%s/%s", suite->run_dir, name),
			  .what = "folder",
			  .kind = S_IFDIR,
			  .uid = uid,
			  .other_uid = uid,
			  .gid = declared(suite, 0)->page_gid,
			  .mode = mode,
			  .other_mode = mode });
}

static bool
is_known(const char *name)
{
	static const char *const names[] = {
#define X(peer) #peer,
		EDGES(X)
#undef X
		    "genpage",
		METRICS_FOLDER,
		POWERS_FOLDER,
		"notify",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (true);
	return (false);
}

static bool
is_subject(const char *name, size_t subjects)
{
	for (size_t i = 0; i < subjects; i++)
		if (strcmp(name, audit_row(i)->name) == 0)
			return (true);
	return (false);
}

/* What is in a folder and should not be. */
static void
strangers_look(struct audit_report *r, const char *folder, size_t subjects)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;

	if (entries == NULL) {
		audit_add(r, AUDIT_UNSEEN, "folder", "nothing else in it",
		    folder, "");
		return;
	}
	while ((entry = readdir(entries)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (subjects > 0 ? is_subject(entry->d_name, subjects)
				 : is_known(entry->d_name))
			continue;
		audit_add(r, AUDIT_DIFFERENT, "file", "not declared",
		    audit_text(r->arena, "%s/%s", folder, entry->d_name), "");
	}
	closedir(entries);
}

static void
run_dir_look(struct audit_report *r, const struct audit_suite *suite)
{
	const struct audit_declared *catalogd =
	    declared(suite, DAEMON_catalogd);
	uint32_t top = top_uid(suite);

	audit_block_add(r, "folder", "run directory", 0);
	place_look(r, (struct audit_place){ .path = suite->run_dir,
			  .what = "folder",
			  .kind = S_IFDIR,
			  .uid = top,
			  .other_uid = top,
			  .any_group = true,
			  .mode = top == 0 ? 0711 : 0700,
			  .other_mode = 0755 });
	shared_folder_look(r, suite, "genpage", catalogd->uid, 02750);
	shared_folder_look(r, suite, METRICS_FOLDER, top, 03770);
	shared_folder_look(r, suite, POWERS_FOLDER, top, 03770);
	place_look(r,
	    (struct audit_place){
		.path = audit_text(r->arena, "%s/genpage/page", suite->run_dir),
		.what = "file",
		.kind = S_IFREG,
		.uid = catalogd->uid,
		.other_uid = top,
		.gid = catalogd->page_gid,
		.mode = 0640,
		.other_mode = 0640 });
	place_look(r, (struct audit_place){ .path = audit_text(r->arena,
						"%s/notify", suite->run_dir),
			  .what = "socket",
			  .kind = S_IFSOCK,
			  .uid = top,
			  .other_uid = top,
			  .any_group = true,
			  .mode = 0600,
			  .other_mode = 0600,
			  .is_optional = true });
	files_look(r, suite, METRICS_FOLDER, DAEMON_COUNT);
	files_look(r, suite, POWERS_FOLDER, AUDIT_SUBJECTS);
	strangers_look(r, suite->run_dir, 0);
	strangers_look(r,
	    audit_text(r->arena, "%s/" METRICS_FOLDER, suite->run_dir),
	    DAEMON_COUNT);
	strangers_look(r,
	    audit_text(r->arena, "%s/" POWERS_FOLDER, suite->run_dir),
	    AUDIT_SUBJECTS);
}

/* --- The data directory. --- */

/* What lies in a part is its daemon's; what that opened before it gave up
 * root's powers may be root's. Only what is not so is told. */
static void
part_look(struct audit_report *r, const struct audit_suite *suite,
    const struct audit_declared *d, const char *folder, int depth, size_t *left)
{
	DIR *entries = opendir(folder);
	const struct dirent *entry;
	struct stat st;

	if (entries == NULL) {
		if (errno != ENOENT)
			audit_add(r, AUDIT_UNSEEN, "files", "its daemon's own",
			    folder, "");
		return;
	}
	while (*left > 0 && (entry = readdir(entries)) != NULL) {
		const char *path;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		path = audit_text(r->arena, "%s/%s", folder, entry->d_name);
		(*left)--;
		if (lstat(path, &st) != 0)
			continue;
		if ((st.st_uid != d->uid && st.st_uid != top_uid(suite)) ||
		    (!S_ISLNK(st.st_mode) &&
			(st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
			place_look(r, (struct audit_place){ .path = path,
					  .what = "file",
					  .kind = st.st_mode & S_IFMT,
					  .uid = d->uid,
					  .other_uid = top_uid(suite),
					  .any_group = true,
					  .only_writers = true });
		if (S_ISDIR(st.st_mode) && depth > 0)
			part_look(r, suite, d, path, depth - 1, left);
		else if (S_ISDIR(st.st_mode))
			audit_add(r, AUDIT_UNSEEN, "files", "its daemon's own",
			    path, "too deep to be looked into");
	}
	if (*left == 0)
		audit_add(r, AUDIT_UNSEEN, "files", "its daemon's own",
		    audit_text(r->arena, "more than %d", ENTRIES_MAX), "");
	closedir(entries);
}

static void
parts_look(struct audit_report *r, const struct audit_suite *suite,
    const struct audit_declared *d)
{
	char names[128], *name, *rest;
	size_t left = ENTRIES_MAX;

	snprintf(names, sizeof(names), "%s", d->row->writes);
	for (name = strtok_r(names, " ", &rest); name != NULL;
	     name = strtok_r(NULL, " ", &rest)) {
		const char *path =
		    audit_text(r->arena, "%s/%s", suite->data_dir, name);

		place_look(
		    r, (struct audit_place){ .path = path,
			   .what = audit_text(r->arena, "%s's", d->row->name),
			   .kind = S_IFDIR,
			   .uid = d->uid,
			   .other_uid = d->uid,
			   .gid = d->gid,
			   .mode = 0700,
			   .other_mode = 0700 });
		part_look(r, suite, d, path, DEPTH_MAX, &left);
	}
}

static void
data_dir_look(struct audit_report *r, const struct audit_suite *suite)
{
	uint32_t top = top_uid(suite);
	/* A volume of Kubernetes is its group's, and that is its user's. */
	unsigned writers = top != 0 ? S_IWGRP : 0;

	audit_block_add(r, "folder", "data directory", 0);
	place_look(r, (struct audit_place){ .path = suite->data_dir,
			  .what = "folder",
			  .kind = S_IFDIR,
			  .uid = top,
			  .other_uid = 0,
			  .any_group = true,
			  .mode = writers,
			  .only_writers = true });
	place_look(r, (struct audit_place){ .path = audit_text(r->arena,
						"%s/node-id", suite->data_dir),
			  .what = "file",
			  .kind = S_IFREG,
			  .uid = top,
			  .other_uid = 0,
			  .any_group = true,
			  .mode = writers,
			  .only_writers = true });
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		parts_look(r, suite, declared(suite, i));
}

/* --- The configuration. --- */

/* Read by all: nobody may write it who is one of them, or anyone at all. */
static void
config_path_look(
    struct audit_report *r, const struct audit_suite *suite, const char *path)
{
	const char *found;
	struct stat st;
	bool is_theirs = false;

	if (stat(path, &st) != 0) {
		audit_add(r, AUDIT_UNSEEN, "path", "written by no daemon", path,
		    strerror(errno));
		return;
	}
	for (size_t i = 0; i < AUDIT_SUBJECTS && top_uid(suite) == 0; i++)
		is_theirs = is_theirs || st.st_uid == declared(suite, i)->uid;
	is_theirs = is_theirs || (st.st_mode & S_IWOTH) != 0;
	found = audit_text(r->arena, "%04o %u:%u %s", st.st_mode & 07777U,
	    st.st_uid, st.st_gid, path);
	audit_add(r, is_theirs ? AUDIT_DIFFERENT : AUDIT_SAME, "path",
	    "written by no daemon", found,
	    is_theirs ? audit_text(r->arena, "chown root %s && chmod o-w %s",
			    path, path)
		      : "");
}

static void
config_look(struct audit_report *r, const struct audit_suite *suite)
{
	audit_block_add(r, "folder", "configuration", 0);
	for (size_t i = 0; i < suite->config_path_count; i++)
		config_path_look(r, suite, suite->config_paths[i]);
}

void
audit_places_look(struct audit_report *r, const struct audit_suite *suite)
{
#define X(peer) edge_look(r, suite, DAEMON_##peer);
	EDGES(X)
#undef X
	run_dir_look(r, suite);
	if (suite->data_dir[0] != '\0')
		data_dir_look(r, suite);
	if (suite->config_path_count > 0)
		config_look(r, suite);
}
