/*
 * A build whose method table is another: each daemon is linked once more with
 * this in front of the real hash (ld, --wrap), for tests of upgrades.
 */
#include <stdint.h>

uint32_t __real_method_table_hash(void);
uint32_t __wrap_method_table_hash(void);

uint32_t
__wrap_method_table_hash(void)
{
	return (__real_method_table_hash() + 1);
}
