#include "base/error.h"

namespace offx {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::not_found: return "not_found";
    case Errc::conflict: return "conflict";
    case Errc::unavailable: return "unavailable";
    case Errc::timeout: return "timeout";
    case Errc::cancelled: return "cancelled";
    case Errc::unsupported: return "unsupported";
    case Errc::corrupt: return "corrupt";
    case Errc::io: return "io";
    case Errc::internal: return "internal";
  }
  return "internal";
}

Error Error::within(std::string_view where) && {
  context_ = context_.empty() ? std::string(where) : std::string(where) + "/" + context_;
  return std::move(*this);
}

std::string Error::to_string() const { return context_.empty() ? message_ : context_ + ": " + message_; }

}  // namespace offx
