// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/wasix.hh"

#include "wasi/call_adapter.hh"
#include "wasi/wasix_calls.hh"

#include <vector>

namespace interlink::wasi {

std::span<const host_call> wasix_calls()
{
  static const std::vector<host_call> calls{
      make_call<&clock_time_set>("clock_time_set"),
      make_call<&epoll_create>("epoll_create"),
      make_call<&epoll_ctl>("epoll_ctl"),
      make_call<&epoll_wait>("epoll_wait", waits::yes),
      make_call<&fd_dup>("fd_dup"),
      make_call<&fd_dup2>("fd_dup2"),
      make_call<&fd_event>("fd_event"),
      make_call<&fd_fdflags_get>("fd_fdflags_get"),
      make_call<&fd_fdflags_set>("fd_fdflags_set"),
      make_call<&fd_pipe>("fd_pipe"),
      make_call<&path_open2>("path_open2", waits::yes),
      make_call<&resolve>("resolve", waits::yes),
      make_call<&sock_accept_v2>("sock_accept_v2", waits::yes),
      make_call<&sock_addr_local>("sock_addr_local"),
      make_call<&sock_addr_peer>("sock_addr_peer"),
      make_call<&sock_bind>("sock_bind"),
      make_call<&sock_connect>("sock_connect", waits::yes),
      make_call<&sock_get_opt_flag>("sock_get_opt_flag"),
      make_call<&sock_get_opt_size>("sock_get_opt_size"),
      make_call<&sock_get_opt_time>("sock_get_opt_time"),
      make_call<&sock_join_multicast_v4>("sock_join_multicast_v4"),
      make_call<&sock_join_multicast_v6>("sock_join_multicast_v6"),
      make_call<&sock_leave_multicast_v4>("sock_leave_multicast_v4"),
      make_call<&sock_leave_multicast_v6>("sock_leave_multicast_v6"),
      make_call<&sock_listen>("sock_listen"),
      make_call<&sock_open>("sock_open"),
      make_call<&sock_pair>("sock_pair"),
      make_call<&sock_recv_from>("sock_recv_from", waits::yes),
      make_call<&sock_send_file>("sock_send_file", waits::yes),
      make_call<&sock_send_to>("sock_send_to", waits::yes),
      make_call<&sock_set_opt_flag>("sock_set_opt_flag"),
      make_call<&sock_set_opt_size>("sock_set_opt_size"),
      make_call<&sock_set_opt_time>("sock_set_opt_time"),
      make_call<&sock_status>("sock_status"),
      make_call<&tty_get>("tty_get"),
      make_call<&tty_set>("tty_set"),
  };
  return calls;
}

} // namespace interlink::wasi
