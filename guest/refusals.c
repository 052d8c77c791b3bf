// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that the C library's headers declare and that no guest can have, or not yet: each says so, by -1 or null and
// ENOSYS, or by the number itself where that is the way. So a program links, and finds out where it can deal with it.
#define _GNU_SOURCE
#include <aio.h>
#include <errno.h>
#include <grp.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <resolv.h>
#include <sched.h>
#include <shadow.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stropts.h>
#include <sys/cachectl.h>
#include <sys/fanotify.h>
#include <sys/fsuid.h>
#include <sys/inotify.h>
#include <sys/io.h>
#include <sys/klog.h>
#include <sys/membarrier.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#pragma clang diagnostic ignored "-Wc23-extensions"  // Parameters need no names here.

#define REFUSE(type, name, parameters) \
  type name parameters {               \
    errno = ENOSYS;                    \
    return (type)-1;                   \
  }
#define REFUSE_NULL(type, name, parameters) \
  type name parameters {                    \
    errno = ENOSYS;                         \
    return 0;                               \
  }

// Copies of a process, and a look into another.
REFUSE(pid_t, fork, (void))
REFUSE(pid_t, _Fork, (void))
REFUSE(int, vfork, (void))
REFUSE(int, clone, (int (*)(void *), void *, int, void *, ...))
REFUSE(int, unshare, (int))
REFUSE(int, setns, (int, int))
REFUSE(long, ptrace, (int, ...))
REFUSE(ssize_t, process_vm_readv,
       (pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long, unsigned long))
REFUSE(ssize_t, process_vm_writev,
       (pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long, unsigned long))

// Other events as descriptors.
REFUSE(int, fanotify_init, (unsigned int, unsigned int))
REFUSE(int, fanotify_mark, (int, unsigned int, unsigned long long, int, const char *))
REFUSE(int, inotify_init, (void))
REFUSE(int, inotify_init1, (int))
REFUSE(int, inotify_add_watch, (int, const char *, uint32_t))
REFUSE(int, inotify_rm_watch, (int, int))
REFUSE(int, signalfd, (int, const sigset_t *, int))
REFUSE(int, timerfd_create, (int, int))
REFUSE(int, timerfd_settime, (int, int, const struct itimerspec *, struct itimerspec *))
REFUSE(int, timerfd_gettime, (int, struct itimerspec *))
REFUSE(int, memfd_create, (const char *, unsigned int))

// Timers, asynchronous input and output, queues.
REFUSE(int, timer_create, (clockid_t, struct sigevent *restrict, timer_t *restrict))
REFUSE(int, timer_delete, (timer_t))
REFUSE(int, timer_settime, (timer_t, int, const struct itimerspec *restrict, struct itimerspec *restrict))
REFUSE(int, timer_gettime, (timer_t, struct itimerspec *))
REFUSE(int, timer_getoverrun, (timer_t))
REFUSE(int, aio_read, (struct aiocb *))
REFUSE(int, aio_write, (struct aiocb *))
REFUSE(int, aio_error, (const struct aiocb *))
REFUSE(ssize_t, aio_return, (struct aiocb *))
REFUSE(int, aio_cancel, (int, struct aiocb *))
REFUSE(int, aio_suspend, (const struct aiocb *const *, int, const struct timespec *))
REFUSE(int, aio_fsync, (int, struct aiocb *))
REFUSE(int, lio_listio, (int, struct aiocb *const restrict *restrict, int, struct sigevent *restrict))
REFUSE(int, mq_close, (mqd_t))
REFUSE(int, mq_getattr, (mqd_t, struct mq_attr *))
REFUSE(int, mq_notify, (mqd_t, const struct sigevent *))
REFUSE(mqd_t, mq_open, (const char *, int, ...))
REFUSE(ssize_t, mq_receive, (mqd_t, char *, size_t, unsigned int *))
REFUSE(int, mq_send, (mqd_t, const char *, size_t, unsigned int))
REFUSE(int, mq_setattr, (mqd_t, const struct mq_attr *restrict, struct mq_attr *restrict))
REFUSE(ssize_t, mq_timedreceive, (mqd_t, char *restrict, size_t, unsigned int *restrict, const struct timespec *restrict))
REFUSE(int, mq_timedsend, (mqd_t, const char *, size_t, unsigned int, const struct timespec *))
REFUSE(int, mq_unlink, (const char *))
REFUSE(int, msgctl, (int, int, struct msqid_ds *))
REFUSE(int, msgget, (key_t, int))
REFUSE(ssize_t, msgrcv, (int, void *, size_t, long, int))
REFUSE(int, msgsnd, (int, const void *, size_t, int))
REFUSE(int, semctl, (int, int, int, ...))
REFUSE(int, semget, (key_t, int, int))
REFUSE(int, semop, (int, struct sembuf *, size_t))
REFUSE(int, semtimedop, (int, struct sembuf *, size_t, const struct timespec *))
REFUSE_NULL(void *, shmat, (int, const void *, int))
REFUSE(int, shmctl, (int, int, struct shmid_ds *))
REFUSE(int, shmdt, (const void *))
REFUSE(int, shmget, (key_t, size_t, int))

// Stacks of execution: the engine's stack is not to be switched.
REFUSE(int, getcontext, (ucontext_t *))
REFUSE(int, setcontext, (const struct ucontext *))
REFUSE(int, swapcontext, (struct ucontext *, const struct ucontext *))
REFUSE(int, sigaltstack, (const stack_t *restrict, stack_t *restrict))

// Files.
REFUSE(int, name_to_handle_at, (int, const char *, struct file_handle *, int *, int))
REFUSE(int, open_by_handle_at, (int, struct file_handle *, int))
REFUSE(ssize_t, readahead, (int, off_t, size_t))
REFUSE(int, sync_file_range, (int, off_t, off_t, unsigned int))
REFUSE(ssize_t, vmsplice, (int, const struct iovec *, size_t, unsigned int))
REFUSE(ssize_t, splice, (int, off_t *, int, off_t *, size_t, unsigned int))
REFUSE(ssize_t, tee, (int, int, size_t, unsigned int))
REFUSE(ssize_t, getxattr, (const char *, const char *, void *, size_t))
REFUSE(ssize_t, lgetxattr, (const char *, const char *, void *, size_t))
REFUSE(ssize_t, fgetxattr, (int, const char *, void *, size_t))
REFUSE(ssize_t, listxattr, (const char *, char *, size_t))
REFUSE(ssize_t, llistxattr, (const char *, char *, size_t))
REFUSE(ssize_t, flistxattr, (int, char *, size_t))
REFUSE(int, setxattr, (const char *, const char *, const void *, size_t, int))
REFUSE(int, lsetxattr, (const char *, const char *, const void *, size_t, int))
REFUSE(int, fsetxattr, (int, const char *, const void *, size_t, int))
REFUSE(int, removexattr, (const char *, const char *))
REFUSE(int, lremovexattr, (const char *, const char *))
REFUSE(int, fremovexattr, (int, const char *))
REFUSE(int, isastream, (int))
REFUSE_NULL(struct group *, fgetgrent, (FILE *))
REFUSE_NULL(struct passwd *, fgetpwent, (FILE *))
REFUSE_NULL(struct spwd *, fgetspent, (FILE *))
REFUSE_NULL(struct spwd *, sgetspent, (const char *))
REFUSE_NULL(struct spwd *, getspent, (void))
REFUSE_NULL(struct spwd *, getspnam, (const char *))

// The machine and its administration.
REFUSE(int, stime, (const time_t *))
REFUSE(int, settimeofday, (const struct timeval *, const struct timezone *))
REFUSE(int, adjtime, (const struct timeval *, struct timeval *))
REFUSE(int, adjtimex, (struct timex *))
REFUSE(int, clock_adjtime, (clockid_t, struct timex *))
REFUSE(int, cachectl, (void *, int, int))
REFUSE(int, cacheflush, (void *, int, int))
REFUSE(int, _flush_cache, (void *, int, int))
REFUSE(int, setfsuid, (uid_t))
REFUSE(int, setfsgid, (gid_t))
REFUSE(int, iopl, (int))
REFUSE(int, ioperm, (unsigned long, unsigned long, int))
REFUSE(int, klogctl, (int, char *, int))
REFUSE(int, membarrier, (int, int))
REFUSE(int, remap_file_pages, (void *, size_t, int, size_t, int))
REFUSE(int, mlock2, (const void *, size_t, unsigned int))
REFUSE(int, mount, (const char *, const char *, const char *, unsigned long, const void *))
REFUSE(int, umount, (const char *))
REFUSE(int, umount2, (const char *, int))
REFUSE(int, personality, (unsigned long))
REFUSE(int, prctl, (int, ...))
REFUSE(int, vhangup, (void))
REFUSE(int, chroot, (const char *))
REFUSE(int, sethostname, (const char *, size_t))
REFUSE(int, syncfs, (int))
REFUSE(int, quotactl, (int, const char *, int, char *))
REFUSE(int, reboot, (int))
REFUSE(int, swapon, (const char *, int))
REFUSE(int, swapoff, (const char *))
REFUSE(int, sysinfo, (struct sysinfo *))
REFUSE(int, daemon, (int, int))
REFUSE(int, setgroups, (size_t, const gid_t *))
REFUSE(int, getloadavg, (double *, int))
REFUSE(int, sched_rr_get_interval, (pid_t, struct timespec *))
REFUSE(int, res_query, (const char *, int, int, unsigned char *, int))
REFUSE(int, res_querydomain, (const char *, const char *, int, int, unsigned char *, int))
REFUSE(int, res_search, (const char *, int, int, unsigned char *, int))

int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *restrict, int *restrict) { return ENOSYS; }
int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *, int) { return ENOSYS; }
int getspnam_r(const char *, struct spwd *, char *, size_t, struct spwd **result) {
  *result = 0;
  return ENOSYS;
}
int clock_getcpuclockid(pid_t id, clockid_t *clock) {
  if (id != 0 && id != getpid()) {
    return ESRCH;
  }
  *clock = CLOCK_PROCESS_CPUTIME_ID;
  return 0;
}

void makecontext(ucontext_t *, void (*)(), int, ...) {}
void setspent(void) {}
void endspent(void) {}
