/*
 * The clock of this machine, and as many seconds more as /run/other-clock says. That is looked at with each question, so that
 * the clock jumps under what runs. No memory is asked for, since allocators ask what time it is: libfaketime does, and Redis
 * with jemalloc never starts under it. Where /run/kept-clock is, somebody keeps it right, as the kernel tells it: systemd asks by
 * adjtimex.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static time_t ahead(void) {
  char digits[16];
  time_t seconds = 0;
  int file = (int)syscall(SYS_openat, AT_FDCWD, "/run/other-clock", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  long length = syscall(SYS_read, file, digits, sizeof digits);
  for (long at = 0; at < length && digits[at] >= '0' && digits[at] <= '9'; at++) seconds = seconds * 10 + digits[at] - '0';
  syscall(SYS_close, file);
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int answer = (int)syscall(SYS_clock_gettime, clock, now);
  if (answer == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
  return answer;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int answer = (int)syscall(SYS_gettimeofday, now, zone);
  if (answer == 0) now->tv_sec += ahead();
  return answer;
}

time_t time(time_t *now) {
  struct timespec told;
  clock_gettime(CLOCK_REALTIME, &told);
  if (now) *now = told.tv_sec;
  return told.tv_sec;
}

/* Hosts in containers may not even ask, so that nobody is asked where it is kept right. */
int adjtimex(struct timex *told) {
  if (syscall(SYS_faccessat, AT_FDCWD, "/run/kept-clock", F_OK) != 0) return (int)syscall(SYS_adjtimex, told);
  told->maxerror = 0;
  told->status = 0;
  return TIME_OK;
}
