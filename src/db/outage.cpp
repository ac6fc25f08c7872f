#include "db/outage.h"

#include <algorithm>
#include <array>

namespace offx::db {
namespace {

struct Known {
  std::string_view said;  ///< a part of the messages of engines that say so
  Outage outage;
};

// The engines' codes say what a caller can do, which is the same for most of these: so their messages are looked at.
// Tests with real servers compare both.
constexpr Outage kSilent = {
    "the database does not answer in time",
    "See whether its server still works and has time left; if it hangs, start it anew. OffX goes on as soon as it "
    "answers."};
constexpr Outage kClosed = {"the database closes the connection without an answer",
                            "Look into the log of its server; or is something else at the address in OFFX_DB?"};
constexpr Outage kNothingListens = {"the database refuses the connection: nothing listens at its address",
                                    "Start its server, or correct the address in OFFX_DB and start OffX anew."};
constexpr Outage kNotFound = {"the database is not found: the name of its host is not known",
                              "Correct the host in OFFX_DB, or see to the name service of OffX's machine."};
constexpr Outage kNotTrusted = {"the database shows a certificate that is not trusted",
                                "Renew it; or, if it is your own, add its authority to the certificates of OffX's "
                                "machine."};
constexpr std::string_view kSeeToNodes = "Start the nodes that are down, and see to the network between them.";
constexpr Outage kNoLeader = {"the database has no leader: more than half of its nodes must run and reach one another",
                              kSeeToNodes};
constexpr Outage kNoAgreement = {"the database's nodes do not agree on who leads", kSeeToNodes};
constexpr Outage kBusy = {"the database is locked by somebody else who writes",
                          "See which program writes for so long; end it if it hangs."};
constexpr Outage kFull = {"the disk of the database is full", "Make room on it. OffX then goes on by itself."};
constexpr Outage kRefused = {"the database refuses the user, password or token that it is given",
                             "Give OffX others that are good, in OFFX_DB or OFFX_DB_AUTH_TOKEN, and start it anew."};
constexpr Outage kDiskFails = {
    "the disk of the database fails",
    "Look into the system's log. On a disk that is good, `offx db restore` makes the database "
    "of a backup."};
constexpr Outage kDamaged = {"the database is damaged, or what answers is none",
                             "See whether the address in OFFX_DB is right. If the database is damaged, stop OffX and "
                             "restore a backup with `offx db restore`."};
constexpr Outage kNone = {"there is no such database at its address",
                          "See whether it was renamed or removed; correct OFFX_DB and start OffX anew."};
constexpr Outage kUnknown = {"the database does not answer",
                             "The server's log says more (database.unavailable). OffX goes on as soon as it answers."};

constexpr std::array kKnown = {
    Known{"no answer in time", kSilent},
    Known{"no connection in time", kSilent},
    Known{"cannot connect to", kNothingListens},
    Known{"cannot find", kNotFound},
    Known{"closed the connection", kClosed},
    Known{"the certificate of", kNotTrusted},
    Known{"has no leader", kNoLeader},
    Known{"leader is not reached", kNoAgreement},
    Known{"does not accept the token", kRefused},
    Known{"does not know this user", kRefused},
    Known{"in use by another process", kBusy},
    Known{"database is busy", kBusy},
    Known{"database is locked", kBusy},
    Known{"disk is full", kFull},
    Known{"server's disk, or what it grants", kFull},
};

}  // namespace

Outage outage_of(const Error& error) noexcept {
  const auto* known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& one) {
    return error.message().find(one.said) != std::string::npos;
  });
  if (known != kKnown.end()) return known->outage;
  switch (error.code()) {
    case Errc::timeout: return kSilent;
    case Errc::io: return kDiskFails;
    case Errc::corrupt: return kDamaged;
    case Errc::not_found: return kNone;
    default: return kUnknown;
  }
}

}  // namespace offx::db
