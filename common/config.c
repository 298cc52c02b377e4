/*
 * The agent's configuration, from argv to what is run with: read (flags,
 * sources), bind to structs, work out, check, refuse what is not built.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_build.h"
#include "config_check.h"
#include "config_flags.h"
#include "config_refuse.h"
#include "config_sources.h"
#include "config_tree.h"
#include "xmalloc.h"

/* From the merged tree into config->keys; texts then live in its arena. */
static enum err
keys_bind(struct config_sources *s, struct config *config, struct buf *why)
{
	struct config_keys *keys;
	char reason[JSON_WHY_MAX];
	enum err err;

	err = config_tree_check_durations(s->merged, &config_keys_type, why);
	if (err != ERR_OK)
		return (err);
	keys = arena_alloc(&s->arena, sizeof(*keys));
	err = json_to_type(
	    s->merged, JSON_CONFIG, &config_keys_type, &s->arena, keys, reason);
	if (err != ERR_OK) {
		buf_put_text(why, reason);
		return (err);
	}
	type_copy(&config_keys_type, keys, &config->arena, &config->keys);
	return (ERR_OK);
}

static void
paths_keep(struct config *config, const struct flag_list *paths)
{
	size_t i;

	config->path_count = paths->count;
	config->paths = arena_array(
	    &config->arena, paths->count + 1, sizeof(*config->paths));
	for (i = 0; i < paths->count; i++)
		config->paths[i] =
		    arena_text(&config->arena, slice_of_text(paths->items[i]));
}

static void
warnings_keep(struct config *config, const struct slice_list *warnings)
{
	size_t i;

	config->warning_count = warnings->count;
	config->warnings = arena_array(
	    &config->arena, warnings->count + 1, sizeof(*config->warnings));
	for (i = 0; i < warnings->count; i++)
		config->warnings[i] =
		    arena_text(&config->arena, warnings->items[i]);
}

static enum err
config_make(struct config_sources *s, const struct config_flags *flags,
    bool is_agent, struct config *config, struct buf *why)
{
	enum err err;

	config->is_dev = flags->is_dev;
	err = config_sources_read(s, flags, why);
	if (err == ERR_OK)
		err = keys_bind(s, config, why);
	if (err == ERR_OK)
		err = config_build(s, config, why);
	if (err == ERR_OK)
		err = config_check(s, config, why);
	if (err == ERR_OK && is_agent)
		err = config_check_agent(config, why);
	if (err == ERR_OK)
		err = config_refuse(s, why);
	if (err != ERR_OK)
		return (err);
	paths_keep(config, &flags->paths);
	warnings_keep(config, &s->warnings);
	return (ERR_OK);
}

static struct config *
config_new(void)
{
	struct config *config = xcalloc(1, sizeof(*config));

	arena_init(&config->arena);
	config->version = PROCONSUL_VERSION;
	return (config);
}

struct config *
config_load(int argc, char **argv, struct buf *why)
{
	struct config *config = config_new();
	struct config_sources sources;
	struct config_flags flags;
	enum err err;

	config_sources_init(&sources);
	err = config_flags_read(argc, argv, &sources.arena, &flags, why);
	if (err == ERR_OK)
		err = config_make(&sources, &flags, true, config, why);
	config_sources_deinit(&sources);
	if (err == ERR_OK)
		return (config);
	config_free(config);
	return (NULL);
}

struct config *
config_validate(int argc, char **argv, struct buf *why)
{
	static const char format[] = "-config-format=";
	struct config *config = config_new();
	struct config_sources sources;
	struct config_flags flags;
	enum err err;

	config_sources_init(&sources);
	err = config_flags_read(0, argv, &sources.arena, &flags, why);
	for (; err == ERR_OK && argc > 0; argc--, argv++) {
		if (strncmp(*argv, format, strlen(format)) == 0)
			flags.format = *argv + strlen(format);
		else
			flag_list_add(&flags.paths, *argv, &sources.arena);
	}
	if (err == ERR_OK)
		err = config_make(&sources, &flags, false, config, why);
	config_sources_deinit(&sources);
	if (err == ERR_OK)
		return (config);
	config_free(config);
	return (NULL);
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	arena_deinit(&config->arena);
	free(config);
}
