#include "db/outage.h"

#include <algorithm>
#include <array>

namespace offx::db {
namespace {

struct Known {
  std::string_view said;  ///< a part of the messages of engines that say so
  std::string_view outage;
};

// The engines' codes say what a caller can do, which is the same for most of these: so their messages are looked at.
// Tests with real servers compare both.
constexpr std::string_view kSilent = "the database does not answer in time";
constexpr std::string_view kBusy = "the database is locked by somebody else who writes";
constexpr std::string_view kFull = "the disk of the database is full";
constexpr std::string_view kRefused = "the database refuses the user, password or token that it is given";
constexpr std::array kKnown = {
    Known{"no answer in time", kSilent},
    Known{"no connection in time", kSilent},
    Known{"cannot connect to", "the database refuses the connection: nothing listens at its address"},
    Known{"cannot find", "the database is not found: the name of its host is not known"},
    Known{"closed the connection", "the database closes the connection without an answer"},
    Known{"the certificate of", "the database shows a certificate that is not trusted"},
    Known{"has no leader", "the database has no leader: more than half of its nodes must run and reach one another"},
    Known{"leader is not reached", "the database's nodes do not agree on who leads"},
    Known{"does not accept the token", kRefused},
    Known{"does not know this user", kRefused},
    Known{"in use by another process", kBusy},
    Known{"database is busy", kBusy},
    Known{"database is locked", kBusy},
    Known{"disk is full", kFull},
    Known{"server's disk, or what it grants", kFull},
};

}  // namespace

std::string_view outage_of(const Error& error) noexcept {
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) {
    return error.message().find(one.said) != std::string::npos;
  });
  if (known != kKnown.end()) return known->outage;
  switch (error.code()) {
    case Errc::timeout: return kSilent;
    case Errc::io: return "the disk of the database fails";
    case Errc::corrupt: return "the database is damaged, or what answers is none";
    case Errc::not_found: return "there is no such database at its address";
    default: return "the database does not answer";
  }
}

}  // namespace offx::db
