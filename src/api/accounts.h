#pragma once

#include <string>

#include "api/route.h"

namespace offx::api {

/// Who sends a request, and what that entitles to.
struct Identity {
  Caller caller;
  bool may_read = false;
  bool may_write = false;
  bool may_admin = false;
  bool by_token = false;  ///< an Authorization header came, good or bad: cookies do not count then
};

/// Users, sessions and tokens. (So far: nobody can log in.)
class Accounts {
 public:
  /// Nobody's identity if the request has no valid credentials. Errc::unavailable if the database does not answer.
  [[nodiscard]] Result<Identity> identify(const net::HttpRequest& request, const std::string& address);
  /// Why a request that changes something, sent by a browser, is not to be believed; empty if it is: it must bring the
  /// token that GET /session gave, and come from our own pages.
  [[nodiscard]] std::string cross_site_fault(const net::HttpRequest& request) const;
};

}  // namespace offx::api
