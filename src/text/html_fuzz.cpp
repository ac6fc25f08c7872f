#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/clean.h"
#include "text/html.h"
#include "text/language.h"
#include "text/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace offx::text;
  const std::string_view html(reinterpret_cast<const char*>(data), size);
  const HtmlContent content = read_html(html, "https://base.example/a/b");
  if (!is_utf8(content.text)) std::abort();
  const std::string safe = sanitise_html(html, "https://base.example/a/b");
  if (!is_utf8(safe) || safe.find("<script") != std::string::npos || sanitise_html(safe) != safe) std::abort();
  if (!is_utf8(unescape_entities(html))) std::abort();
  (void)resolve_url("https://base.example/a/b", html);
  (void)detect_language(html);
  return 0;
}
