/*
 * Keys, locks and sessions against a model that is as naive as can be: plain
 * arrays, searched from front to back, written from semantics.md alone. Seeded
 * mixtures of entries; after each, everything that can be asked must agree.
 */
#include "fixture.h"

#define KEYS	 12
#define SESSIONS 3
#define STONES	 64
#define ENTRIES	 4000

static const char *const key_names[KEYS] = { "a", "ab", "abc", "b", "d/", "d/a",
	"d/b", "d/b/c", "da", "e/f", "e/g", "z" };
static const char *const session_ids[SESSIONS] = {
	"11111111-2222-3333-4444-555555555555",
	"22222222-2222-3333-4444-555555555555",
	"33333333-2222-3333-4444-555555555555"
};
static const char *const prefixes[] = { "a", "ab", "d/", "d/b", "e", "q", "" };

struct model_key {
	bool is_there;
	char value;
	uint64_t flags, lock_index, created, modified;
	int session; /* -1: none */
};

struct model {
	struct model_key keys[KEYS];
	bool sessions[SESSIONS];
	bool deletes[SESSIONS]; /* behaviour */
	struct {
		const char *prefix;
		uint64_t index;
	} stones[STONES];
	size_t stone_count;
	uint64_t kv_index, stone_index;
};

static uint64_t seed;

static uint64_t
roll(uint64_t sides)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return ((seed >> 33) % sides);
}

/* --- The model. --- */

static void
model_stone(struct model *m, const char *prefix, uint64_t index)
{
	size_t i = 0;

	while (i < m->stone_count && strcmp(m->stones[i].prefix, prefix) != 0)
		i++;
	m->stones[i].prefix = prefix;
	m->stones[i].index = index;
	if (i == m->stone_count)
		m->stone_count++;
	m->stone_index = index;
}

static void
model_write(
    struct model *m, struct model_key *k, struct model_key new, uint64_t index)
{
	new.created = k->is_there ? k->created : index;
	if (k->is_there && k->value == new.value && k->flags == new.flags &&
	    k->lock_index == new.lock_index && k->session == new.session)
		return;
	new.is_there = true;
	new.modified = index;
	*k = new;
	m->kv_index = index;
}

static bool
model_set(struct model *m, int key, char value, uint64_t flags, uint64_t index)
{
	struct model_key *k = &m->keys[key];
	struct model_key new = { .value = value,
		.flags = flags,
		.session = k->is_there ? k->session : -1 };

	model_write(m, k, new, index);
	return (false);
}

static bool
model_lock(struct model *m, int key, char value, int session, uint64_t index)
{
	struct model_key *k = &m->keys[key];
	struct model_key new = {
		.value = value, .session = session, .lock_index = 1
	};

	if (k->is_there && k->session >= 0 && k->session != session)
		return (false);
	if (k->is_there)
		new.lock_index = k->lock_index + (k->session != session);
	model_write(m, k, new, index);
	return (true);
}

static bool
model_unlock(struct model *m, int key, char value, int session, uint64_t index)
{
	struct model_key *k = &m->keys[key];
	struct model_key new = {
		.value = value, .session = -1, .lock_index = k->lock_index
	};

	if (!k->is_there || k->session != session)
		return (false);
	model_write(m, k, new, index);
	return (true);
}

static void
model_delete(struct model *m, int key, uint64_t index)
{
	if (!m->keys[key].is_there)
		return;
	m->keys[key].is_there = false;
	m->kv_index = index;
	model_stone(m, key_names[key], index);
}

static void
model_delete_tree(struct model *m, const char *prefix, uint64_t index)
{
	bool has_deleted = false;

	for (int i = 0; i < KEYS; i++)
		if (m->keys[i].is_there &&
		    strncmp(key_names[i], prefix, strlen(prefix)) == 0) {
			m->keys[i].is_there = false;
			has_deleted = true;
		}
	if (!has_deleted)
		return;
	m->kv_index = index;
	if (*prefix != '\0')
		model_stone(m, prefix, index);
}

static void
model_end(struct model *m, int session, uint64_t index)
{
	if (!m->sessions[session])
		return;
	m->sessions[session] = false;
	for (int i = 0; i < KEYS; i++) {
		struct model_key *k = &m->keys[i];

		if (!k->is_there || k->session != session)
			continue;
		if (m->deletes[session]) {
			model_delete(m, i, index);
			continue;
		}
		k->session = -1;
		k->modified = index;
		m->kv_index = index;
	}
}

static uint64_t
model_table_index(const struct model *m)
{
	return (m->kv_index > m->stone_index ? m->kv_index : m->stone_index);
}

static uint64_t
model_prefix_index(const struct model *m, const char *prefix)
{
	size_t size = strlen(prefix);
	uint64_t index = 0;

	if (size == 0)
		return (model_table_index(m));
	for (int i = 0; i < KEYS; i++)
		if (m->keys[i].is_there && m->keys[i].modified > index &&
		    strncmp(key_names[i], prefix, size) == 0)
			index = m->keys[i].modified;
	for (size_t i = 0; i < m->stone_count; i++)
		if (m->stones[i].index > index &&
		    strncmp(m->stones[i].prefix, prefix, size) == 0)
			index = m->stones[i].index;
	return (index > 0 ? index : model_table_index(m));
}

/* --- Both. --- */

static void
compare(struct world *w, const struct model *m)
{
	for (int i = 0; i < KEYS; i++) {
		const struct model_key *k = &m->keys[i];
		const struct dir_entry *e = entry(w, key_names[i]);

		CHECK_EQ(e != NULL, k->is_there);
		if (e == NULL || !k->is_there)
			continue;
		CHECK_EQ(e->value.data[0], k->value);
		CHECK_EQ(e->flags, k->flags);
		CHECK_EQ(e->lock_index, k->lock_index);
		CHECK_EQ(e->indexes.create_index, k->created);
		CHECK_EQ(e->indexes.modify_index, k->modified);
		CHECK(slice_is(
		    e->session, k->session < 0 ? "" : session_ids[k->session]));
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		uint64_t shown = model_prefix_index(m, prefixes[i]);

		CHECK_EQ(index_of_tree(w, prefixes[i]), shown ? shown : 1);
	}
	arena_reset(&w->arena);
}

static void
kv_step(struct world *w, struct model *m)
{
	static const char *const ops[] = { "set", "set", "lock", "unlock",
		"delete", "delete-tree", "cas", "delete-cas" };
	int key = (int)roll(KEYS), session = (int)roll(SESSIONS);
	const char *op = ops[roll(sizeof(ops) / sizeof(*ops))];
	const char *prefix = prefixes[roll(6)];
	char value[2] = { (char)('0' + roll(3)), '\0' };
	struct kvs_request r = { .op = T(op) };
	uint64_t at = roll(2) ? m->keys[key].modified : 0;
	bool is_match =
	    m->keys[key].is_there ? at == m->keys[key].modified : at == 0;
	bool expected = false;
	uint64_t index;

	r.dir_ent.key =
	    T(strcmp(op, "delete-tree") == 0 ? prefix : key_names[key]);
	r.dir_ent.value = T(value);
	r.dir_ent.session = T(session_ids[session]);
	r.dir_ent.indexes.modify_index = at;
	index = apply(w, FSM_KVS, &kvs_request_type, &r);
	if (strcmp(op, "set") == 0)
		model_set(m, key, value[0], 0, index);
	else if (strcmp(op, "lock") == 0)
		expected = m->sessions[session] &&
			   model_lock(m, key, value[0], session, index);
	else if (strcmp(op, "unlock") == 0)
		expected = model_unlock(m, key, value[0], session, index);
	else if (strcmp(op, "delete") == 0)
		model_delete(m, key, index);
	else if (strcmp(op, "delete-tree") == 0)
		model_delete_tree(m, prefix, index);
	else if (strcmp(op, "cas") == 0 && is_match)
		expected = !model_set(m, key, value[0], 0, index);
	else if (strcmp(op, "delete-cas") == 0) {
		expected = !m->keys[key].is_there || is_match;
		if (expected)
			model_delete(m, key, index);
	}
	if (!w->result.is_refused)
		CHECK_EQ(answered_true(w), expected);
}

static void
session_step(struct world *w, struct model *m)
{
	int session = (int)roll(SESSIONS);
	uint64_t index;

	if (m->sessions[session]) {
		index = session_end_of(w, session_ids[session]);
		model_end(m, session, index);
		return;
	}
	m->sessions[session] = true;
	m->deletes[session] = roll(2) != 0;
	session_put(w, session_ids[session], "n1", "",
	    m->deletes[session] ? "delete" : "release");
}

static void
reap_step(struct world *w, struct model *m)
{
	struct tombstone_request r = { .op = T("reap") };
	size_t kept = 0;

	r.reap_index = w->index - roll(50);
	apply(w, FSM_TOMBSTONE, &tombstone_request_type, &r);
	for (size_t i = 0; i < m->stone_count; i++)
		if (m->stones[i].index > r.reap_index)
			m->stones[kept++] = m->stones[i];
	m->stone_count = kept;
}

static void
run(uint64_t with_seed)
{
	struct model m = { 0 };
	struct world w;

	seed = with_seed;
	world_init(&w);
	node_put(&w, "n1", "10.0.0.1");
	for (int i = 0; i < ENTRIES && tap_is_ok; i++) {
		uint64_t what = roll(20);

		if (what == 0)
			reap_step(&w, &m);
		else if (what <= 2)
			session_step(&w, &m);
		else
			kv_step(&w, &m);
		compare(&w, &m);
	}
	if (!tap_is_ok)
		printf("# seed %ju\n", (uintmax_t)with_seed);
	world_deinit(&w);
}

static void
test_agrees_with_the_model(void)
{
	for (uint64_t i = 1; i <= 8; i++)
		run(i);
}

int
main(void)
{
	RUN(test_agrees_with_the_model);
	return (tap_done());
}
