/*
 * Which system calls each program may make once it runs, on every thread. Any
 * other ends the process, and the log names the call.
 *
 * A row a call, and a column a program: gossipd, raftd, catalogd, healthd,
 * httpd, dnsd, and healthd's prober.
 *	+  it may
 *	r  dnsd: only where `recursors` are configured
 *	-  it may not
 * The condition is on one argument; rows of one call add up. What is behind
 * it stands at the end.
 *
 * Source  a trace of each program (sys_enter of tracefs) while the system
 *         tests ran; and for what no test provokes, the code of glibc 2.36,
 *         nanomsg 1.1.5, SQLite 3.40 and libcurl 7.88
 */
#ifndef COMMON_PRIVSEP_CALLS_H
#define COMMON_PRIVSEP_CALLS_H

/* clang-format off */
#define PRIVSEP_PROGRAMS "GRCHWDP"

#define PRIVSEP_CALLS(X)                                                       \
	/* The loop and nanomsg's: waiting, waking, time. */                   \
	X(epoll_wait,        "+++++++", ANY)                                   \
	X(epoll_pwait,       "+++++++", ANY)                                   \
	X(epoll_ctl,         "+++++++", ANY)                                   \
	X(poll,              "+-----+", ANY) /* the resolver, libcurl */       \
	X(ppoll,             "+-----+", ANY)                                   \
	X(futex,             "+++++++", ANY)                                   \
	X(restart_syscall,   "+++++++", ANY)                                   \
	X(clock_gettime,     "+++++++", ANY) /* where the vDSO can't */        \
	X(gettimeofday,      "+++++++", ANY)                                   \
	X(time,              "+++++++", ANY)                                   \
	X(nanosleep,         "-+-----", ANY) /* SQLite, busy */                \
	X(clock_nanosleep,   "-+-----", ANY)                                   \
	/* Memory: malloc, and qsort, which asks how much there is. */         \
	X(brk,               "+++++++", ANY)                                   \
	X(mmap,              "+++++++", NO_CODE)                               \
	X(mprotect,          "+++++++", NO_CODE)                               \
	X(munmap,            "+++++++", ANY)                                   \
	X(mremap,            "+++++++", ANY)                                   \
	X(madvise,           "+++++++", ANY)                                   \
	X(sysinfo,           "+++++++", ANY)                                   \
	X(getrandom,         "+++++++", ANY)                                   \
	/* Signals, and the ends: of a thread, of all, by abort(). */          \
	X(rt_sigprocmask,    "+++++++", ANY)                                   \
	X(rt_sigreturn,      "+++++++", ANY)                                   \
	X(rt_sigaction,      "+++++++", ABORT)                                 \
	X(rt_sigaction,      "------+", SETXID) /* its first thread */         \
	X(getpid,            "+++++++", ANY)                                   \
	X(gettid,            "+++++++", ANY)                                   \
	X(tgkill,            "+++++++", OURSELVES)                             \
	X(alarm,             "+++++++", ANY) /* a breach within malloc */      \
	X(exit,              "+++++++", ANY)                                   \
	X(exit_group,        "+++++++", ANY)                                   \
	/* Threads: nanomsg's is just beginning; a resolver's, the log's. */   \
	X(set_robust_list,   "+++++++", ANY)                                   \
	X(rseq,              "+++++++", ANY)                                   \
	X(clone,             "++----+", THREAD)                                \
	X(sched_getaffinity, "+-----+", ANY)                                   \
	/* What is open already. */                                            \
	X(read,              "+++++++", ANY)                                   \
	X(write,             "+++++++", ANY)                                   \
	X(writev,            "+++++++", ANY)                                   \
	X(pread64,           "+++++++", ANY)                                   \
	X(lseek,             "+++++++", ANY)                                   \
	X(close,             "+++++++", ANY)                                   \
	X(fcntl,             "+++++++", FLAGS)                                 \
	X(fcntl,             "-+-----", LOCKS)                                 \
	X(ioctl,             "+-----+", READABLE)                              \
	X(prlimit64,         "+++++++", GET)                                   \
	/* Files that are read: a reload; of these Landlock leaves some. */    \
	X(openat,            "--+-+++", READING)                               \
	X(newfstatat,        "+++++++", ANY)                                   \
	X(fstat,             "+++++++", ANY)                                   \
	X(stat,              "+++++++", ANY)                                   \
	X(lstat,             "+++++++", ANY)                                   \
	X(getdents64,        "+++++++", ANY)                                   \
	X(access,            "++----+", ANY) /* SQLite; the resolver */        \
	X(readlink,          "++----+", ANY)                                   \
	X(getcwd,            "++----+", ANY)                                   \
	X(statfs,            "----+--", ANY) /* /v1/agent/host */              \
	X(uname,             "+++++++", ANY) /* a node without a name */       \
	/* Files that are written, below the folders of wiring.h. */           \
	X(openat,            "++-+---", ANY)                                   \
	X(fsync,             "++-+---", ANY)                                   \
	X(rename,            "++-----", ANY)                                   \
	X(renameat,          "---+---", ANY)                                   \
	X(unlink,            "-+-----", ANY)                                   \
	X(unlinkat,          "---+---", ANY)                                   \
	X(ftruncate,         "-+-----", ANY)                                   \
	X(mkdir,             "-+-----", ANY) /* snapshots, archives */         \
	X(rmdir,             "-+-----", ANY)                                   \
	X(pwrite64,          "-+-----", ANY) /* SQLite */                      \
	X(fdatasync,         "-+-----", ANY)                                   \
	X(fchmod,            "-+-----", ANY)                                   \
	X(geteuid,           "++----+", ANY)                                   \
	X(fchown,            "-+-----", ANY) /* SQLite, if it is root */       \
	/* Sockets: nanomsg's; catalogd binds its ends, the rest connect. */   \
	X(recvmsg,           "+++++++", ANY)                                   \
	X(sendmsg,           "+++++++", ANY)                                   \
	X(setsockopt,        "--++---", PLAIN)                                 \
	X(getsockopt,        "+++++++", ANY)                                   \
	X(accept4,           "+++-++-", ANY)                                   \
	X(socket,            "+++++++", LOCAL)                                 \
	X(connect,           "++-++++", ANY)                                   \
	/* Sockets of the internet. */                                         \
	X(socket,            "++---r+", INTERNET)                              \
	X(socket,            "+-----+", NETLINK) /* the resolver */            \
	X(bind,              "++----+", ANY)                                   \
	X(setsockopt,        "++--+++", ANY)                                   \
	X(recvfrom,          "++-++++", ANY)                                   \
	X(sendto,            "++-++++", ANY)                                   \
	X(recvmmsg,          "+----+-", ANY)                                   \
	X(sendmmsg,          "+----++", ANY)                                   \
	X(getpeername,       "++--+++", ANY)                                   \
	X(getsockname,       "+++++++", ANY)                                   \
	X(shutdown,          "++--+-+", ANY)                                   \
	X(socketpair,        "------+", ANY) /* libcurl's threads */           \
	X(eventfd2,          "+-----+", ANY)                                   \
	/* The resolver and what else a name service loads. */                 \
	X(getuid,            "+-----+", ANY)                                   \
	X(getgid,            "+-----+", ANY)                                   \
	X(getegid,           "+-----+", ANY)                                   \
	X(faccessat,         "+-----+", ANY)                                   \
	X(faccessat2,        "+-----+", ANY)                                   \
	X(readlinkat,        "+-----+", ANY)                                   \
	X(statx,             "+-----+", ANY)                                   \
	X(fstatfs,           "+-----+", ANY)                                   \
	X(pipe2,             "+-----+", ANY)                                   \
	X(sched_yield,       "+-----+", ANY)                                   \
	X(sigaltstack,       "+-----+", ANY)

/* What the checks of `make asan` need besides. */
#ifdef __SANITIZE_ADDRESS__
#define PRIVSEP_CALLS_OF_CHECKS(X)                                             \
	X(sigaltstack,       "+++++++", ANY)                                   \
	X(sched_getaffinity, "+++++++", ANY)                                   \
	X(sched_yield,       "+++++++", ANY)                                   \
	X(readlink,          "+++++++", ANY)
#else
#define PRIVSEP_CALLS_OF_CHECKS(X)
#endif

/*
 * A row a condition: what the record calls it, which argument (from 0), the
 * bits of it that are looked at, and what they may be.
 */
#define INT_BITS 0xffffffffU
#define NEW_NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
#define PRIVSEP_CONDITIONS(X)                                                  \
	X(ANY,          "",                 0, 0)                              \
	X(NO_CODE,      "no PROT_EXEC",     2, PROT_EXEC, 0)                   \
	X(READING,      "O_RDONLY",         2,                                 \
	    O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)                           \
	X(THREAD,       "CLONE_THREAD",     0,                                 \
	    CLONE_THREAD | CLONE_VM | NEW_NAMESPACES, CLONE_THREAD | CLONE_VM) \
	X(FLAGS,        "flags",            1, INT_BITS,                       \
	    F_GETFD, F_SETFD, F_GETFL, F_SETFL)                                \
	X(LOCKS,        "locks",            1, INT_BITS,                       \
	    F_GETLK, F_SETLK, F_SETLKW)                                        \
	X(READABLE,     "FIONREAD",         1, INT_BITS, FIONREAD)             \
	X(GET,          "no new limit",     2, UINT64_MAX, 0)                  \
	X(ABORT,        "SIGABRT",          0, INT_BITS, SIGABRT)              \
	X(SETXID,       "signal 33",        0, INT_BITS, 33)                   \
	X(OURSELVES,    "this process",     0, INT_BITS, 0)                    \
	X(PLAIN,        "SOL_SOCKET",       1, INT_BITS, SOL_SOCKET)           \
	X(LOCAL,        "AF_UNIX",          0, INT_BITS, AF_UNIX)              \
	X(INTERNET,     "AF_INET AF_INET6", 0, INT_BITS, AF_INET, AF_INET6)    \
	X(NETLINK,      "AF_NETLINK",       0, INT_BITS, AF_NETLINK)
/* clang-format on */

#endif
