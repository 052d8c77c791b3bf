// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/preview1.hh"

#include "wasi/call_adapter.hh"

#include <algorithm>
#include <vector>

namespace interlink::wasi {

namespace {

std::vector<host_call> make_preview1_calls()
{
  std::vector<host_call> calls{
      make_call<&args_get>("args_get"),
      make_call<&args_sizes_get>("args_sizes_get"),
      make_call<&clock_res_get>("clock_res_get"),
      make_call<&clock_time_get>("clock_time_get"),
      make_call<&environ_get>("environ_get"),
      make_call<&environ_sizes_get>("environ_sizes_get"),
      make_call<&fd_advise>("fd_advise"),
      make_call<&fd_allocate>("fd_allocate"),
      make_call<&fd_close>("fd_close"),
      make_call<&fd_datasync>("fd_datasync", waits::yes),
      make_call<&fd_fdstat_get>("fd_fdstat_get"),
      make_call<&fd_fdstat_set_flags>("fd_fdstat_set_flags"),
      make_call<&fd_fdstat_set_rights>("fd_fdstat_set_rights"),
      make_call<&fd_filestat_get>("fd_filestat_get"),
      make_call<&fd_filestat_set_size>("fd_filestat_set_size"),
      make_call<&fd_filestat_set_times>("fd_filestat_set_times"),
      make_call<&fd_pread>("fd_pread", waits::yes),
      make_call<&fd_prestat_dir_name>("fd_prestat_dir_name"),
      make_call<&fd_prestat_get>("fd_prestat_get"),
      make_call<&fd_pwrite>("fd_pwrite", waits::yes),
      make_call<&fd_read>("fd_read", waits::yes),
      make_call<&fd_readdir>("fd_readdir"),
      make_call<&fd_renumber>("fd_renumber"),
      make_call<&fd_seek>("fd_seek"),
      make_call<&fd_sync>("fd_sync", waits::yes),
      make_call<&fd_tell>("fd_tell"),
      make_call<&fd_write>("fd_write", waits::yes),
      make_call<&path_create_directory>("path_create_directory"),
      make_call<&path_filestat_get>("path_filestat_get"),
      make_call<&path_filestat_set_times>("path_filestat_set_times"),
      make_call<&path_link>("path_link"),
      make_call<&path_open>("path_open", waits::yes),
      make_call<&path_readlink>("path_readlink"),
      make_call<&path_remove_directory>("path_remove_directory"),
      make_call<&path_rename>("path_rename"),
      make_call<&path_symlink>("path_symlink"),
      make_call<&path_unlink_file>("path_unlink_file"),
      make_call<&poll_oneoff>("poll_oneoff", waits::yes),
      make_call<&proc_exit>("proc_exit"),
      make_call<&proc_raise>("proc_raise"),
      make_call<&random_get>("random_get"),
      make_call<&sched_yield>("sched_yield", waits::yes),
      make_call<&sock_accept>("sock_accept", waits::yes),
      make_call<&sock_recv>("sock_recv", waits::yes),
      make_call<&sock_send>("sock_send", waits::yes),
      make_call<&sock_shutdown>("sock_shutdown"),
  };
  for (auto& call : calls) {
    if (call.name == "proc_exit") {
      call.type.results.clear();
    }
  }
  return calls;
}

std::vector<host_call> make_unstable_calls()
{
  auto calls = make_preview1_calls();
  std::erase_if(calls, [](const host_call& call) { return call.name == "sock_accept"; });
  for (auto& call : calls) {
    if (call.name == "fd_seek") {
      call.invoke = &adapter<&unstable_fd_seek>::invoke;
    } else if (call.name == "fd_filestat_get") {
      call.invoke = &adapter<&unstable_fd_filestat_get>::invoke;
    } else if (call.name == "path_filestat_get") {
      call.invoke = &adapter<&unstable_path_filestat_get>::invoke;
    } else if (call.name == "poll_oneoff") {
      call.invoke = &adapter<&unstable_poll_oneoff>::invoke;
    }
  }
  return calls;
}

} // namespace

std::span<const host_call> preview1_calls()
{
  static const auto calls = make_preview1_calls();
  return calls;
}

std::span<const host_call> unstable_calls()
{
  static const auto calls = make_unstable_calls();
  return calls;
}

const host_call* find_call(std::span<const host_call> calls, std::string_view name)
{
  auto found = std::ranges::lower_bound(calls, name, {}, &host_call::name);
  return found != calls.end() && found->name == name ? &*found : nullptr;
}

} // namespace interlink::wasi
