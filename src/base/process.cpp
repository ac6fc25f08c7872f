#include "base/process.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>

#include <unistd.h>

namespace offx {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

std::string new_holder_name() {
  static std::atomic<int> count = 0;
  return host_name() + " pid " + std::to_string(getpid()) + " #" + std::to_string(++count);
}

bool is_gone(std::string_view holder) {
  const auto prefix = host_name() + " pid ";
  if (!holder.starts_with(prefix)) return false;
  pid_t pid = 0;
  const char* begin = holder.data() + prefix.size();
  const char* end = holder.data() + holder.size();
  if (std::from_chars(begin, end, pid).ec != std::errc() || pid <= 0) return false;
  return kill(pid, 0) != 0 && errno == ESRCH;
}

std::string process_of(std::string_view holder) { return std::string(holder.substr(0, holder.rfind(" #"))); }

}  // namespace offx
