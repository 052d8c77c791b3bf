// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/errno_code.hh"

#include <array>
#include <cerrno>
#include <cstddef>

namespace interlink::wasi {

namespace {

// In the order of the numbers.
constexpr std::array<std::string_view, 77> names{
    "success",        "2big",       "acces",       "addrinuse",      "addrnotavail", "afnosupport", "again",
    "already",        "badf",       "badmsg",      "busy",           "canceled",     "child",       "connaborted",
    "connrefused",    "connreset",  "deadlk",      "destaddrreq",    "dom",          "dquot",       "exist",
    "fault",          "fbig",       "hostunreach", "idrm",           "ilseq",        "inprogress",  "intr",
    "inval",          "io",         "isconn",      "isdir",          "loop",         "mfile",       "mlink",
    "msgsize",        "multihop",   "nametoolong", "netdown",        "netreset",     "netunreach",  "nfile",
    "nobufs",         "nodev",      "noent",       "noexec",         "nolck",        "nolink",      "nomem",
    "nomsg",          "noprotoopt", "nospc",       "nosys",          "notconn",      "notdir",      "notempty",
    "notrecoverable", "notsock",    "notsup",      "notty",          "nxio",         "overflow",    "ownerdead",
    "perm",           "pipe",       "proto",       "protonosupport", "prototype",    "range",       "rofs",
    "spipe",          "srch",       "stale",       "timedout",       "txtbsy",       "xdev",        "notcapable",
};

struct translation {
  int host;
  errno_code guest;
};

constexpr std::array translations{
    translation{E2BIG, errno_code::too_big},
    translation{EACCES, errno_code::acces},
    translation{EADDRINUSE, errno_code::addrinuse},
    translation{EADDRNOTAVAIL, errno_code::addrnotavail},
    translation{EAFNOSUPPORT, errno_code::afnosupport},
    translation{EAGAIN, errno_code::again},
    translation{EALREADY, errno_code::already},
    translation{EBADF, errno_code::badf},
    translation{EBADMSG, errno_code::badmsg},
    translation{EBUSY, errno_code::busy},
    translation{ECANCELED, errno_code::canceled},
    translation{ECHILD, errno_code::child},
    translation{ECONNABORTED, errno_code::connaborted},
    translation{ECONNREFUSED, errno_code::connrefused},
    translation{ECONNRESET, errno_code::connreset},
    translation{EDEADLK, errno_code::deadlk},
    translation{EDESTADDRREQ, errno_code::destaddrreq},
    translation{EDOM, errno_code::dom},
    translation{EDQUOT, errno_code::dquot},
    translation{EEXIST, errno_code::exist},
    translation{EFAULT, errno_code::fault},
    translation{EFBIG, errno_code::fbig},
    translation{EHOSTUNREACH, errno_code::hostunreach},
    translation{EIDRM, errno_code::idrm},
    translation{EILSEQ, errno_code::ilseq},
    translation{EINPROGRESS, errno_code::inprogress},
    translation{EINTR, errno_code::intr},
    translation{EINVAL, errno_code::inval},
    translation{EIO, errno_code::io},
    translation{EISCONN, errno_code::isconn},
    translation{EISDIR, errno_code::isdir},
    translation{ELOOP, errno_code::loop},
    translation{EMFILE, errno_code::mfile},
    translation{EMLINK, errno_code::mlink},
    translation{EMSGSIZE, errno_code::msgsize},
    translation{EMULTIHOP, errno_code::multihop},
    translation{ENAMETOOLONG, errno_code::nametoolong},
    translation{ENETDOWN, errno_code::netdown},
    translation{ENETRESET, errno_code::netreset},
    translation{ENETUNREACH, errno_code::netunreach},
    translation{ENFILE, errno_code::nfile},
    translation{ENOBUFS, errno_code::nobufs},
    translation{ENODEV, errno_code::nodev},
    translation{ENOENT, errno_code::noent},
    translation{ENOEXEC, errno_code::noexec},
    translation{ENOLCK, errno_code::nolck},
    translation{ENOLINK, errno_code::nolink},
    translation{ENOMEM, errno_code::nomem},
    translation{ENOMSG, errno_code::nomsg},
    translation{ENOPROTOOPT, errno_code::noprotoopt},
    translation{ENOSPC, errno_code::nospc},
    translation{ENOSYS, errno_code::nosys},
    translation{ENOTCONN, errno_code::notconn},
    translation{ENOTDIR, errno_code::notdir},
    translation{ENOTEMPTY, errno_code::notempty},
    translation{ENOTRECOVERABLE, errno_code::notrecoverable},
    translation{ENOTSOCK, errno_code::notsock},
    translation{ENOTSUP, errno_code::notsup},
    translation{ENOTTY, errno_code::notty},
    translation{ENXIO, errno_code::nxio},
    translation{EOVERFLOW, errno_code::overflow},
    translation{EOWNERDEAD, errno_code::ownerdead},
    translation{EPERM, errno_code::perm},
    translation{EPIPE, errno_code::pipe},
    translation{EPROTO, errno_code::proto},
    translation{EPROTONOSUPPORT, errno_code::protonosupport},
    translation{EPROTOTYPE, errno_code::prototype},
    translation{ERANGE, errno_code::range},
    translation{EROFS, errno_code::rofs},
    translation{ESPIPE, errno_code::spipe},
    translation{ESRCH, errno_code::srch},
    translation{ESTALE, errno_code::stale},
    translation{ETIMEDOUT, errno_code::timedout},
    translation{ETXTBSY, errno_code::txtbsy},
    translation{EXDEV, errno_code::xdev},
};

} // namespace

errno_code from_host_errno(int host_errno) noexcept
{
  if (host_errno == 0) {
    return errno_code::success;
  }
  for (const auto& entry : translations) {
    if (entry.host == host_errno) {
      return entry.guest;
    }
  }
  return errno_code::io;
}

std::string_view to_string(errno_code code) noexcept
{
  auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

} // namespace interlink::wasi
