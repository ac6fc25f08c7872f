#include "api/accounts.h"

namespace offx::api {

Result<Identity> Accounts::identify(const net::HttpRequest& /*request*/, const std::string& /*address*/) {
  return Identity{};
}

std::string Accounts::cross_site_fault(const net::HttpRequest& /*request*/) const { return {}; }

}  // namespace offx::api
