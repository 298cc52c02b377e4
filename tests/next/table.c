/*
 * A build whose method table is another: each daemon is linked once more with
 * this in front of the real hash (ld, --wrap), for tests of upgrades.
 */
#include <stdint.h>

/* The names that the linker gives them. */
uint32_t hash_of_this_build(void) __asm__("__real_method_table_hash");
uint32_t hash_of_the_next(void) __asm__("__wrap_method_table_hash");

uint32_t
hash_of_the_next(void)
{
	return (hash_of_this_build() + 1);
}
