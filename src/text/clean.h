#pragma once

#include <string>
#include <string_view>

/// Making received text fit for storing. All functions are pure and thread-safe, accept any bytes and never fail.
namespace offx::text {

/// Appends a code point as UTF-8; U+FFFD for surrogates and what lies beyond U+10FFFF.
void append_utf8(std::string& out, char32_t code_point);

/// Plain text: invalid UTF-8 becomes U+FFFD, `\r\n` and `\r` become `\n`, other control characters (C0, DEL, C1) but
/// `\t` and `\n` are removed. Linear; text that is fit already is recognised at about 1 GB/s.
[[nodiscard]] std::string clean_text(std::string_view text);

/// The same in place; nothing is copied or allocated if the text is fit already.
void clean_text_in_place(std::string& text);

/// True if `text` is well-formed UTF-8 (no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// The text without white space (ASCII, U+00A0) at either end.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// Replaces character references (`&amp;`, `&eacute;`, `&#8217;`, `&#x1F600;`), once: `&amp;lt;` gives `&lt;`. What is
/// no reference stays as it is. Knows the names of HTML 4; `&#128;` to `&#159;` mean Windows-1252, as in HTML5.
[[nodiscard]] std::string unescape_entities(std::string_view text);

/// The code point HTML 4 gives that name (`eacute`), without `&` and `;`; 0 if there is none.
[[nodiscard]] char32_t named_entity(std::string_view name) noexcept;

/// False if it has control characters (C0, DEL, C1): it could not be shown on one line as it is.
[[nodiscard]] bool is_one_line(std::string_view text) noexcept;

}  // namespace offx::text
