#include "text/html_tree.h"

#include <algorithm>
#include <csetjmp>
#include <cstdint>
#include <ctime>
#include <vector>

namespace offx::text {
namespace {

std::int64_t thread_milliseconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

/// Memory for one parse. gumbo does not look at what its allocator returns, and its running time is quadratic in the
/// nesting; so the only way to stop it is to jump out of the allocator. There are only gumbo's C frames between.
class HtmlTree::Arena {
 public:
  explicit Arena(std::size_t budget) : budget_(budget), deadline_(thread_milliseconds() + kTimeMaxMs) {}

  static void* allocate(void* self, std::size_t size) { return static_cast<Arena*>(self)->take(size); }
  static void release(void* /*self*/, void* /*memory*/) {}

  std::jmp_buf out_of_budget;

 private:
  static constexpr std::int64_t kTimeMaxMs = 300;
  static constexpr std::size_t kChunkBytes = 32U << 10U;

  void* take(std::size_t size) {
    constexpr std::size_t kAlign = alignof(std::max_align_t);
    size = (size + kAlign - 1) / kAlign * kAlign;
    ++calls_;
    if (size > budget_ || (calls_ % 512 == 0 && thread_milliseconds() > deadline_)) std::longjmp(out_of_budget, 1);
    budget_ -= size;
    if (size > free_) {
      free_ = std::max(size, kChunkBytes << std::min<std::size_t>(chunks_.size(), 5));
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(free_));
      next_ = chunks_.back().get();
    }
    void* memory = next_;
    next_ += size;
    free_ -= size;
    return memory;
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* next_ = nullptr;
  std::size_t free_ = 0;
  std::size_t budget_;
  std::uint64_t calls_ = 0;
  std::int64_t deadline_;
};

HtmlTree::HtmlTree(std::string_view html) : arena_(std::make_unique<Arena>((8U << 20U) + 48 * html.size())) {
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = &Arena::allocate;
  options.deallocator = &Arena::release;
  options.userdata = arena_.get();
  options.max_errors = 0;
  options.fragment_context = GUMBO_TAG_DIV;
  if (setjmp(arena_->out_of_budget) == 0) {
    root_ = gumbo_parse_with_options(&options, html.data(), html.size())->root;
  } else {
    root_ = nullptr;
  }
}

HtmlTree::~HtmlTree() = default;

const GumboVector* children_of(const GumboNode* node) noexcept {
  if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE) return &node->v.element.children;
  return nullptr;
}

}  // namespace offx::text
