#include "base/process.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>

#include <unistd.h>

namespace offx {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

/// Where the numbers of processes mean what they mean here: this run of this machine's kernel, and this namespace of
/// processes, as a container has its own. Empty if the system does not say. Asked anew each time, as a child may be in
/// another namespace than its parent.
std::string realm() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  std::array<char, 64> space{};
  const auto size = readlink("/proc/self/ns/pid", space.data(), space.size());
  if (boot.empty() || size <= 0) return {};
  return boot + " " + std::string(space.data(), static_cast<std::size_t>(size));
}

}  // namespace

std::string new_holder_name() {
  static std::atomic<int> count = 0;
  return host_name() + " pid " + std::to_string(getpid()) + " #" + realm() + " " + std::to_string(++count);
}

bool is_gone(std::string_view holder) {
  constexpr std::string_view kPid = " pid ";
  const auto end = holder.rfind(" #");
  const auto begin = holder.rfind(kPid, end);
  const auto here = realm();
  if (end == std::string_view::npos || begin == std::string_view::npos || here.empty()) return false;
  if (!holder.substr(end + 2).starts_with(here + " ")) return false;
  pid_t pid = 0;
  const char* const last = holder.data() + end;
  const auto [read, error] = std::from_chars(holder.data() + begin + kPid.size(), last, pid);
  if (error != std::errc() || read != last || pid <= 0) return false;
  return kill(pid, 0) != 0 && errno == ESRCH;
}

std::string process_of(std::string_view holder) { return std::string(holder.substr(0, holder.rfind(" #"))); }

}  // namespace offx
