#include "net/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace offx::net {
namespace {

struct AddressCase {
  const char* literal;
  const char* kind;  // "" for public
};

class NonPublicKind : public testing::TestWithParam<AddressCase> {};

TEST_P(NonPublicKind, OfLiteral) { EXPECT_EQ(non_public_kind(GetParam().literal), GetParam().kind); }

INSTANTIATE_TEST_SUITE_P(
    V4, NonPublicKind,
    testing::Values(
        AddressCase{"0.0.0.0", "the unspecified address"}, AddressCase{"0.1.2.3", "the unspecified address"},
        AddressCase{"1.0.0.0", ""}, AddressCase{"9.255.255.255", ""}, AddressCase{"10.0.0.0", "a private address"},
        AddressCase{"10.255.255.255", "a private address"}, AddressCase{"11.0.0.0", ""},
        AddressCase{"100.63.255.255", ""}, AddressCase{"100.64.0.0", "a shared (carrier-grade NAT) address"},
        AddressCase{"100.127.255.255", "a shared (carrier-grade NAT) address"}, AddressCase{"100.128.0.0", ""},
        AddressCase{"127.0.0.1", "a loopback address"}, AddressCase{"127.255.255.254", "a loopback address"},
        AddressCase{"169.254.169.254", "a link-local address"}, AddressCase{"172.15.255.255", ""},
        AddressCase{"172.16.0.1", "a private address"}, AddressCase{"172.31.255.255", "a private address"},
        AddressCase{"172.32.0.0", ""}, AddressCase{"192.0.0.8", "a reserved address"},
        AddressCase{"192.0.2.1", "an address for documentation only"}, AddressCase{"192.168.0.1", "a private address"},
        AddressCase{"198.19.255.255", "a private address"}, AddressCase{"198.20.0.0", ""},
        AddressCase{"224.0.0.1", "a multicast address"}, AddressCase{"239.255.255.255", "a multicast address"},
        AddressCase{"240.0.0.1", "a reserved address"}, AddressCase{"255.255.255.255", "a reserved address"},
        AddressCase{"93.184.215.14", ""}));

INSTANTIATE_TEST_SUITE_P(
    V6, NonPublicKind,
    testing::Values(AddressCase{"::", "the unspecified address"}, AddressCase{"::1", "a loopback address"},
                    AddressCase{"[::1]", "a loopback address"}, AddressCase{"::2", "a reserved address"},
                    AddressCase{"::7f00:1", "a reserved address"},  // IPv4-compatible
                    AddressCase{"::ffff:127.0.0.1", "a loopback address"},
                    AddressCase{"::ffff:a9fe:a9fe", "a link-local address"}, AddressCase{"::ffff:93.184.215.14", ""},
                    AddressCase{"64:ff9b::10.0.0.1", "a private address"}, AddressCase{"64:ff9b::93.184.215.14", ""},
                    AddressCase{"64:ff9b:1::10.0.0.1", "a private address"},
                    AddressCase{"64:ff9b:2::1", "a reserved address"},
                    AddressCase{"2002:7f00:1::", "an address of an IPv6 transition tunnel"},
                    AddressCase{"2001::1", "an address of an IPv6 transition tunnel"},
                    AddressCase{"2001:1::1", "a reserved address"}, AddressCase{"2001:200::1", ""},
                    AddressCase{"2001:db8::1", "an address for documentation only"},
                    AddressCase{"3fff:fff::1", "an address for documentation only"},
                    AddressCase{"fe80::1", "a link-local address"}, AddressCase{"fe80::1%eth0", "a link-local address"},
                    AddressCase{"fec0::1", "a private address"}, AddressCase{"fc00::1", "a private address"},
                    AddressCase{"fdff::1", "a private address"}, AddressCase{"ff02::1", "a multicast address"},
                    AddressCase{"4000::1", "a reserved address"}, AddressCase{"2606:4700:4700::1111", ""},
                    AddressCase{"2a00:1450::1", ""}));

INSTANTIATE_TEST_SUITE_P(Names, NonPublicKind,
                         testing::Values(AddressCase{"", ""}, AddressCase{"localhost", ""}, AddressCase{"127.1", ""},
                                         AddressCase{"1.2.3.4.5", ""}, AddressCase{"[", ""}));

TEST(Address, SocketAddressesAreClassifiedByTheirBytes) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto& address = reinterpret_cast<const sockaddr&>(in);
  EXPECT_EQ(non_public_kind(address, sizeof in), "a loopback address");
  EXPECT_EQ(to_string(address, sizeof in), "127.0.0.1");
  // Too short, or of another family: refused rather than read.
  EXPECT_EQ(non_public_kind(address, 4), "no Internet address");
  in.sin_family = AF_UNIX;
  EXPECT_EQ(non_public_kind(address, sizeof in), "no Internet address");
  EXPECT_EQ(to_string(address, sizeof in), "");
}

TEST(Address, EndpointsHaveOneForm) {
  EXPECT_EQ(endpoint("LocalHost.", 80), "localhost:80");
  EXPECT_EQ(endpoint("127.0.0.1", 8000), "127.0.0.1:8000");
  EXPECT_EQ(endpoint("0:0:0:0:0:0:0:1", 1), "[::1]:1");
  EXPECT_EQ(endpoint("[::1]", 1), "[::1]:1");
}

}  // namespace
}  // namespace offx::net
