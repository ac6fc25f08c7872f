#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace offx::db {

/// The statements of an SQL script, each without its `;`, comments before it included. Knows quotes, comments and the
/// bodies of triggers. Views into `script`.
[[nodiscard]] std::vector<std::string_view> split_script(std::string_view script);

/// `name` as a quoted identifier: `"my table"`.
[[nodiscard]] std::string quote_identifier(std::string_view name);

}  // namespace offx::db
