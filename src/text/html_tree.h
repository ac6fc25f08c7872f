#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <gumbo.h>

/// gumbo behind a budget. Only for html.cpp.
namespace offx::text {

/// The tree of an HTML fragment. Owns all its memory, which goes at once: gumbo's own destruction is recursive.
class HtmlTree {
 public:
  /// Parses, or gives a tree without root when the budget of memory (8 MiB and 48 times the input) or time (0.3 s of
  /// this thread) runs out. `html`, at most 1 MiB, must outlive the tree.
  explicit HtmlTree(std::string_view html);
  ~HtmlTree();
  HtmlTree(const HtmlTree&) = delete;
  HtmlTree& operator=(const HtmlTree&) = delete;

  /// The element whose children are the fragment; nullptr if there is no tree.
  [[nodiscard]] const GumboNode* root() const noexcept { return root_; }

 private:
  class Arena;
  std::unique_ptr<Arena> arena_;
  const GumboNode* root_ = nullptr;
};

constexpr std::size_t kHtmlMaxBytes = 1U << 20U;

/// The children of an element; none for other nodes.
const GumboVector* children_of(const GumboNode* node) noexcept;

/// Calls `enter(node)` (false: skip what is inside) and `leave(node)` for everything below `root`, in document order.
/// Does not recurse: hostile trees are as deep as they are long.
template <class Enter, class Leave>
void walk(const GumboNode* root, Enter enter, Leave leave) {
  struct Open {
    const GumboNode* node;
    std::size_t next;
  };
  std::vector<Open> open{{root, 0}};
  while (!open.empty()) {
    Open& top = open.back();
    const GumboVector* children = children_of(top.node);
    if (children != nullptr && top.next < children->length) {
      const auto* child = static_cast<const GumboNode*>(children->data[top.next++]);
      if (enter(child)) open.push_back({child, 0});
      continue;
    }
    if (top.node != root) leave(top.node);
    open.pop_back();
  }
}

}  // namespace offx::text
