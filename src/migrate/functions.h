#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The functions that an expression of a mapping calls. It runs in triggers, in whatever program writes, so it may use
/// only what each of them knows.
namespace offx::migrate {

enum class Known : std::uint8_t {
  everywhere,  ///< in every SQLite since 3.35
  somewhere,   ///< in later ones, or where it was compiled in
  nowhere,     ///< not SQLite's own: some program registers it
};

struct CalledFunction {
  std::string name;  ///< in lower case
  Known known = Known::nowhere;
};

/// Each function once, in the order in which they occur.
[[nodiscard]] std::vector<CalledFunction> called_functions(std::string_view expression);

}  // namespace offx::migrate
