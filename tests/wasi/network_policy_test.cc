// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/network_policy.hh"

#include "wasi/socket_address.hh"

#include <gtest/gtest.h>

#include <array>

namespace interlink::wasi::testing {
namespace {

const network_request far_away{network_use::connect, "192.0.2.1", 80, false};
const network_request at_home{network_use::connect, "127.0.0.1", 80, true};
const network_request listening{network_use::listen, "::1", 80, true};

TEST(NetworkPolicy, AllowsNothingByDefault)
{
  for (const auto& request : {far_away, at_home, listening}) {
    EXPECT_FALSE(allows({}, request));
  }
}

TEST(NetworkPolicy, AllowsByAccess)
{
  network_policy policy;
  policy.access = network_access::loopback;
  EXPECT_FALSE(allows(policy, far_away));
  EXPECT_TRUE(allows(policy, at_home) && allows(policy, listening));
  policy.access = network_access::all;
  EXPECT_TRUE(allows(policy, far_away));
}

TEST(NetworkPolicy, AllowsWhatIsNamedForThatUseAlone)
{
  network_policy policy;
  policy.connect = {{"192.0.2.1", 80}, {"0:0::1", std::nullopt}, {"example.org", 443}};
  EXPECT_TRUE(allows(policy, far_away));
  EXPECT_FALSE(allows(policy, {network_use::connect, "192.0.2.1", 81, false}));
  EXPECT_FALSE(allows(policy, {network_use::listen, "192.0.2.1", 80, false}));
  EXPECT_TRUE(allows(policy, {network_use::connect, "::1", 9, true})) << "however it is spelt";
  EXPECT_FALSE(allows(policy, listening));
  EXPECT_TRUE(allows(policy, {network_use::resolve, "example.org", 0, false}));
  EXPECT_FALSE(allows(policy, {network_use::resolve, "example.com", 0, false}));
  EXPECT_TRUE(allows(policy, {network_use::connect, "192.0.2.9", 443, false}, {"example.org"}));
  EXPECT_FALSE(allows(policy, {network_use::connect, "192.0.2.9", 443, false}, {"example.com"}));
}

TEST(NetworkPolicy, AsksTheEmbedderInsteadWhereThereIsOne)
{
  network_policy policy;
  policy.access = network_access::all;
  policy.decides = [](const network_request& request) {
    return request.port == 9;
  };
  EXPECT_FALSE(allows(policy, far_away));
  EXPECT_TRUE(allows(policy, {network_use::connect, "192.0.2.1", 9, false}));
}

TEST(NetworkPolicy, NamesTheOptionThatWouldAllow)
{
  EXPECT_EQ(describe_refusal(far_away),
            "the guest may not connect to 192.0.2.1:80: give --allow-connect 192.0.2.1:80 or "
            "--net all");
  EXPECT_EQ(describe_refusal(listening), "the guest may not listen at [::1]:80: give --allow-listen [::1]:80 or --net "
                                         "loopback");
}

TEST(NetworkPolicy, ReadsEndpoints)
{
  const auto named = parse_endpoint("example.org:443");
  ASSERT_TRUE(named);
  EXPECT_TRUE(named->host == "example.org" && named->port == 443);
  const auto ip6 = parse_endpoint("[::1]:*");
  ASSERT_TRUE(ip6);
  EXPECT_TRUE(ip6->host == "::1" && !ip6->port);
  for (const char* wrong :
       {"", ":", "host", "host:", ":80", "host:0", "host:65536", "::1:80", "[::1]", "[]:80", "a:8x"}) {
    EXPECT_FALSE(parse_endpoint(wrong)) << wrong;
  }
}

TEST(SocketAddress, OfIPv4InIPv6IsJudgedAsTheFormer)
{
  socket_address mapped;
  mapped.family = address_family::inet6;
  mapped.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2};
  EXPECT_TRUE(is_loopback(mapped));
  EXPECT_EQ(address_text(mapped), "127.0.0.2");
  mapped.bytes[12] = 192;
  EXPECT_FALSE(is_loopback(mapped));
  mapped.bytes[12] = 224;
  EXPECT_TRUE(is_many(mapped));
}

TEST(SocketAddress, LiesInGuestMemoryAsItsLibraryHasIt)
{
  address_bytes guest{};
  guest[0] = std::byte{2};
  guest[2] = std::byte{80};
  guest[19] = std::byte{1};
  guest[24] = std::byte{1}; // the higher half of the scope
  const auto address = read_address(guest);
  ASSERT_TRUE(address);
  EXPECT_EQ(address->port, 80);
  EXPECT_TRUE(is_loopback(*address));
  EXPECT_EQ(address->scope, 0x10000U);
  EXPECT_EQ(write_address(*address), guest);
  guest[0] = std::byte{4};
  EXPECT_EQ(read_address(guest).error(), outcome(errno_code::afnosupport));
}

} // namespace
} // namespace interlink::wasi::testing
