/* See trim.h. */
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trim.h"

/* What can be written may have been: it is not in the file, and stays. */
static void
segment_trim(uintptr_t start, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = start & ~(page - 1);
	uintptr_t end = (start + size + page - 1) & ~(page - 1);

	/* A kernel that will not is a kernel that keeps them. */
	(void)madvise((void *)first, end - first, MADV_DONTNEED);
}

static int
object_trim(struct dl_phdr_info *object, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD &&
		    (segment->p_flags & PF_W) == 0)
			segment_trim(object->dlpi_addr + segment->p_vaddr,
			    segment->p_memsz);
	}
	return (0);
}

void
trim_memory(void)
{
	(void)malloc_trim(0);
	(void)dl_iterate_phdr(object_trim, NULL);
}
