/* Make a system call fail, or the process die or get a signal, at the k-th call on a file whose path matches.
 *
 * Loaded with LD_PRELOAD. Read from the environment at every call, so that a forked child may have settings of its own:
 *   CHAOS_CALLS    names, with commas: open, write, fsync, rename, flock, mkdir, unlink, read
 *   CHAOS_PATH     pattern of fnmatch(3) for the whole path; none: every file
 *   CHAOS_K        number of the call that is struck, from 1; each process counts its own; 0: none
 *   CHAOS_ACT      number of the error, or "short" (half is written, then ENOSPC), or "sigN" (signal N to itself)
 *   CHAOS_LASTING  set: every later call is struck too
 *   CHAOS_WORKER   set: only in the leader of a session, which is what a worker is
 *   CHAOS_LOG      file that gets a line for each call that matches: name, number, path
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { SHORT = -2 };

static pid_t counted;
static long calls;

static int listed(const char *call, const char *names) {
    size_t length = strlen(call);
    for (const char *at = names; (at = strstr(at, call)); at += length)
        if ((at == names || at[-1] == ',') && (at[length] == ',' || !at[length])) return 1;
    return 0;
}

static void tell(const char *call, long number, const char *path) {
    const char *log = getenv("CHAOS_LOG");
    if (!log || !*log) return;
    char line[PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%s %ld %s\n", call, number, path);
    int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return;
    syscall(SYS_write, file, line, (size_t)length);
    syscall(SYS_close, file);
}

/* 0: let the call through; SHORT; else the error with which it fails. */
static int struck(const char *call, const char *path) {
    const char *names = getenv("CHAOS_CALLS"), *pattern = getenv("CHAOS_PATH"), *act = getenv("CHAOS_ACT");
    if (!names || !*names || !act || !listed(call, names)) return 0;
    if (pattern && *pattern && fnmatch(pattern, path, 0)) return 0;
    if (getenv("CHAOS_WORKER") && getsid(0) != getpid()) return 0;
    if (counted != getpid()) counted = getpid(), calls = 0;
    long number = ++calls, k = atol(getenv("CHAOS_K") ? getenv("CHAOS_K") : "0");
    tell(call, number, path);
    if (!k || number < k || (number > k && !getenv("CHAOS_LASTING"))) return 0;
    if (!strncmp(act, "sig", 3)) {
        kill(getpid(), atoi(act + 3));
        return 0;
    }
    return strcmp(act, "short") ? atoi(act) : SHORT;
}

static const char *path_of(int descriptor, char *room) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, room, PATH_MAX - 1);
    room[length < 0 ? 0 : length] = 0;
    return room;
}

static const char *path_at(int folder, const char *name, char *room) {
    if (name[0] == '/' || folder == AT_FDCWD) return name;
    path_of(folder, room);
    size_t length = strlen(room);
    snprintf(room + length, PATH_MAX - length, "/%s", name);
    return room;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define STRIKE(call, path) \
    do { \
        int error = struck(call, path); \
        if (error) { errno = error == SHORT ? ENOSPC : error; return -1; } \
    } while (0)
#define MODE \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, flags); \
        mode = va_arg(rest, mode_t); \
        va_end(rest); \
    }
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE REAL(int, #name, const char *, int, ...); \
        STRIKE("open", path); \
        return real(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        char room[2 * PATH_MAX]; \
        MODE REAL(int, #name, int, const char *, int, ...); \
        STRIKE("open", path_at(folder, path, room)); \
        return real(folder, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int file, const void *bytes, size_t count) {
    char room[PATH_MAX];
    REAL(ssize_t, "write", int, const void *, size_t);
    int error = struck("write", path_of(file, room));
    if (error == SHORT && count > 1) return real(file, bytes, count / 2);
    if (error) { errno = error == SHORT ? ENOSPC : error; return -1; }
    return real(file, bytes, count);
}

ssize_t read(int file, void *bytes, size_t count) {
    char room[PATH_MAX];
    REAL(ssize_t, "read", int, void *, size_t);
    STRIKE("read", path_of(file, room));
    return real(file, bytes, count);
}

#define ON_FILE(name, call) \
    int name(int file) { \
        char room[PATH_MAX]; \
        REAL(int, #name, int); \
        STRIKE(call, path_of(file, room)); \
        return real(file); \
    }
ON_FILE(fsync, "fsync")
ON_FILE(fdatasync, "fsync")

int flock(int file, int operation) {
    char room[PATH_MAX];
    REAL(int, "flock", int, int);
    STRIKE("flock", path_of(file, room));
    return real(file, operation);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    STRIKE("rename", to);
    return real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    char room[2 * PATH_MAX];
    REAL(int, "renameat", int, const char *, int, const char *);
    STRIKE("rename", path_at(to_folder, to, room));
    return real(from_folder, from, to_folder, to);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    STRIKE("mkdir", path);
    return real(path, mode);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    STRIKE("unlink", path);
    return real(path);
}

int unlinkat(int folder, const char *path, int flags) {
    char room[2 * PATH_MAX];
    REAL(int, "unlinkat", int, const char *, int);
    STRIKE("unlink", path_at(folder, path, room));
    return real(folder, path, flags);
}
