/* The file of a keyring; see keyring.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "keyring.h"

#define FILE_BYTES_MAX (KEYRING_KEYS_MAX * 64)

static const char *
key_install_text(struct keyring *k, const struct json *text)
{
	struct buf key = { 0 };
	const char *mistake = "not a key in base64";

	if (text->kind == JSON_STRING &&
	    base64_decode(text->text, &key) == ERR_OK)
		mistake = keyring_install(k, buf_slice(&key));
	if (key.data != NULL)
		explicit_bzero(key.data, key.capacity);
	buf_deinit(&key);
	return (mistake);
}

static enum err
keys_install(struct keyring *k, struct slice text, struct buf *why)
{
	struct arena arena = { 0 };
	char mistake[JSON_WHY_MAX] = "not a list of keys";
	const char *key_mistake = NULL;
	struct json *keys = NULL;
	bool is_list;

	is_list = json_parse_all(text, &arena, &keys, mistake) == ERR_OK &&
		  keys->kind == JSON_ARRAY;
	for (struct json *key = is_list ? keys->first : NULL;
	     key != NULL && key_mistake == NULL; key = key->next)
		key_mistake = key_install_text(k, key);
	if (!is_list)
		buf_put_text(why, mistake);
	else if (key_mistake != NULL)
		buf_put_text(why, key_mistake);
	else if (keyring_count(k) == 0)
		buf_put_text(why, "it contains no keys");
	arena_deinit(&arena);
	return (why->size > 0 ? ERR_CORRUPT : ERR_OK);
}

enum err
keyring_load(struct keyring *k, const char *path, struct buf *why)
{
	uint8_t text[FILE_BYTES_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;
	enum err err;

	if (fd < 0 && errno == ENOENT)
		return (ERR_NOT_FOUND);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (size < 0 || size == sizeof(text)) {
		buf_put_text(
		    why, size < 0 ? strerror(errno) : "it is too large");
		err = ERR_CORRUPT;
	} else
		err = keys_install(k, slice(text, (size_t)size), why);
	explicit_bzero(text, sizeof(text));
	if (fd >= 0)
		close(fd);
	return (err);
}

static bool
file_write(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool is_written;

	if (fd < 0)
		return (false);
	is_written = write(fd, text.data, text.size) == (ssize_t)text.size &&
		     fsync(fd) == 0;
	close(fd);
	return (is_written);
}

enum err
keyring_save(const struct keyring *k, const char *path, struct buf *why)
{
	struct buf text = { 0 };
	char beside[4096];
	bool is_saved;

	buf_put_u8(&text, '[');
	for (size_t i = 0; i < keyring_count(k); i++) {
		buf_put_text(&text, i > 0 ? ",\n  " : "\n  ");
		json_put_base64(&text, keyring_key(k, i));
	}
	buf_put_text(&text, "\n]");
	is_saved = snprintf(beside, sizeof(beside), "%s.tmp", path) <
		       (int)sizeof(beside) &&
		   file_write(beside, buf_slice(&text)) &&
		   rename(beside, path) == 0;
	if (!is_saved)
		buf_put_text(why, strerror(errno));
	explicit_bzero(text.data, text.capacity);
	buf_deinit(&text);
	return (is_saved ? ERR_OK : ERR_IO);
}
