// RSS 0.9x, 1.0 (RDF), 2.0 and Atom, by libxml2 in recovering mode: what browsers and readers forgive is forgiven, but
// nothing is fetched and no entity is declared.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "sources/dates.h"
#include "sources/feed_item.h"
#include "sources/mend_xml.h"
#include "text/clean.h"
#include "text/url.h"

namespace offx::sources {
namespace {

constexpr int kItemsMax = 1'000'000;

std::string_view view(const xmlChar* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(text));
}

const xmlChar* xml(const char* text) noexcept { return reinterpret_cast<const xmlChar*>(text); }

/// xmlChar* that libxml2 gave away.
std::string take(xmlChar* text) {
  std::string out(view(text));
  if (text != nullptr) xmlFree(text);
  return out;
}

/// `name`, with a customary prefix for the namespaces we know: `dc:creator` whatever the document calls it. Undeclared
/// prefixes are part of the name already.
std::string key_of(const xmlNode* node) {
  static constexpr auto kNamespaces = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"purl.org/dc/elements", "dc:"},
      {"purl.org/dc/terms", "dcterms:"},
      {"purl.org/rss/1.0/modules/content", "content:"},
      {"search.yahoo.com/mrss", "media:"},
      {"www.itunes.com/dtds", "itunes:"},
      {"www.w3.org/1999/xhtml", "xhtml:"},
      {"www.w3.org/1999/02/22-rdf-syntax-ns", "rdf:"},
      {"www.w3.org/2005/Atom", "atom:"},
      {"purl.org/atom", "atom:"},
      {"www.rssboard.org/media-rss", "media:"},
  });
  std::string key(view(node->name));
  if (node->ns == nullptr) return key;
  const std::string_view uri = view(node->ns->href);
  for (const auto& [part, prefix] : kNamespaces) {
    if (uri.find(part) != std::string_view::npos) return std::string(prefix) + key;
  }
  const std::string_view prefix = view(node->ns->prefix);
  return prefix.empty() ? key : std::string(prefix) + ':' + key;
}

std::string attribute(const xmlNode* node, const char* name) { return take(xmlGetNoNsProp(node, xml(name))); }

std::string text_of(const xmlNode* node) { return take(xmlNodeGetContent(node)); }

bool is_item(const xmlNode* node) {
  if (node->type != XML_ELEMENT_NODE) return false;
  const std::string_view name = view(node->name);
  return name == "item" || name == "entry";
}

void escape_into(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

/// XHTML inside the feed as HTML text. libxml2 limits the depth to 256, so recursion is safe.
void write_html(std::string& out, const xmlNode* node) {
  for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE) {
      escape_into(out, view(child->content));
    } else if (child->type == XML_ELEMENT_NODE) {
      out += '<';
      out += view(child->name);
      for (const xmlAttr* attr = child->properties; attr != nullptr; attr = attr->next) {
        out += ' ';
        out += view(attr->name);
        out += "=\"";
        escape_into(out, take(xmlNodeListGetString(child->doc, attr->children, 1)));
        out += '"';
      }
      out += '>';
      write_html(out, child);
      const std::string_view name = view(child->name);
      if (name != "br" && name != "img" && name != "hr") {
        out += "</";
        out += name;
        out += '>';
      }
    }
  }
}

/// xml:base as it applies to `node`; empty if there is none.
std::string base_of(const xmlNode* node, const std::string& outer) {
  std::vector<std::string> bases;
  for (const xmlNode* at = node; at != nullptr && at->type == XML_ELEMENT_NODE; at = at->parent) {
    std::string base = take(xmlGetNsProp(at, xml("base"), XML_XML_NAMESPACE));
    if (!base.empty()) bases.push_back(std::move(base));
  }
  if (bases.empty()) return {};
  std::string base = outer;
  for (const std::string& inner : std::views::reverse(bases)) {
    if (std::string next = text::resolve_url(base, inner); !next.empty()) base = std::move(next);
  }
  return base;
}

/// `me@host (Ann Example)` and `Ann <me@host>` as `Ann Example`.
std::string person(std::string text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open != std::string::npos && close != std::string::npos && close > open + 1 && text.find('@') < open) {
    return text.substr(open + 1, close - open - 1);
  }
  if (const std::size_t angle = text.find('<'); angle != std::string::npos && angle > 0) text.resize(angle);
  return text;
}

std::string atom_author(const xmlNode* node) {
  for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE && view(child->name) == "name") return text_of(child);
  }
  return person(text_of(node));
}

/// Atom's text constructs: HTML as text, XHTML as elements, or plain.
void take_atom_text(const xmlNode* node, FeedItem& item) {
  const std::string type = attribute(node, "type");
  item.html.clear();
  item.text.clear();
  if (type == "xhtml" || type == "application/xhtml+xml") {
    write_html(item.html, node);
  } else if (type == "html" || type == "text/html") {
    item.html = text_of(node);
  } else if (type.empty() || type == "text" || type.starts_with("text/")) {
    item.text = text_of(node);
  }
}

/// How good a text is; a better one replaces a worse one, whatever their order.
enum class Rank : std::uint8_t { none, itunes, media, summary, content };

class ItemReader {
 public:
  ItemReader(const std::string& base, FeedItem& item) : base_(base), item_(item) {}

  void read(const xmlNode* node) {
    for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
      if (child->type == XML_ELEMENT_NODE && !is_item(child)) take_child(child, key_of(child));
    }
    if (item_.url.empty() && permalink_) item_.url = text::resolve_url(base_, item_.id);
    if (!text::is_web_url(item_.url)) item_.url.clear();
    for (store::Media& medium : item_.media) {
      medium.url = text::resolve_url(item_.base_url.empty() ? base_ : item_.base_url, medium.url);
    }
  }

 private:
  std::string resolve(const xmlNode* node, const std::string& url) const {
    const std::string own = base_of(node, base_);
    return text::resolve_url(own.empty() ? base_ : own, url);
  }

  bool better(Rank rank) {
    if (rank <= rank_) return false;
    rank_ = rank;
    return true;
  }

  void take_child(const xmlNode* node, std::string_view key) {
    if (key.starts_with("atom:")) key.remove_prefix(5);
    if (key == "guid" || key == "id") {
      item_.id = text::trim(text_of(node));
      permalink_ = key == "guid" && attribute(node, "isPermaLink") != "false";
    } else if (key == "link") {
      take_link(node);
    } else if (key == "title") {
      const std::string type = attribute(node, "type");
      item_.title.clear();
      if (type == "xhtml") {
        write_html(item_.title, node);
      } else {
        item_.title = text_of(node);
      }
    } else if (key == "content:encoded") {
      if (better(Rank::content)) item_.html = text_of(node);
    } else if (key == "content") {
      take_content(node);
    } else if (key == "description") {
      if (!text::trim(text_of(node)).empty() && better(Rank::summary)) item_.html = text_of(node);
    } else if (key == "summary") {
      if (!text::trim(text_of(node)).empty() && better(Rank::summary)) take_atom_text(node, item_);
    } else if (key == "itunes:summary" || key == "itunes:subtitle") {
      if (better(Rank::itunes)) item_.html = text_of(node);
    } else if (key == "media:description") {
      if (better(Rank::media)) item_.html = text_of(node);
    } else if (key == "dc:creator") {
      if (item_.author.empty()) item_.author = text_of(node);
    } else if (key == "author" || key == "itunes:author") {
      if (item_.author.empty()) item_.author = atom_author(node);
    } else if (key == "pubDate" || key == "published" || key == "issued" || key == "dc:date" ||
               key == "dcterms:created" || key == "dcterms:issued") {
      if (!item_.published) item_.published = parse_loose_time(text_of(node));
    } else if (key == "updated" || key == "modified" || key == "dcterms:modified") {
      if (!item_.updated) item_.updated = parse_loose_time(text_of(node));
    } else if (key == "enclosure") {
      add_media(attribute(node, "url"), attribute(node, "type"), {});
    } else if (key == "media:content" || key == "media:thumbnail" || key == "media:group") {
      take_media(node, key, 0);
    } else if (key == "itunes:image") {
      add_media(attribute(node, "href"), "image", {});
    } else if (key == "dc:language") {
      item_.language = text_of(node);
    }
  }

  void take_link(const xmlNode* node) {
    const std::string href = attribute(node, "href");
    if (href.empty()) {  // RSS: the address is the text
      const std::string text = text_of(node);
      if (item_.url.empty() && !text::trim(text).empty()) item_.url = resolve(node, text);
      return;
    }
    const std::string rel = attribute(node, "rel");
    if (rel == "enclosure") {
      add_media(resolve(node, href), attribute(node, "type"), attribute(node, "title"));
    } else if (rel.empty() || rel == "alternate") {
      if (item_.url.empty()) item_.url = resolve(node, href);
    }
  }

  void take_content(const xmlNode* node) {
    const std::string src = attribute(node, "src");
    if (!src.empty()) {  // content elsewhere: a picture, a film
      add_media(resolve(node, src), attribute(node, "type"), {});
      return;
    }
    if (!better(Rank::content)) return;
    item_.base_url = base_of(node, base_);
    take_atom_text(node, item_);
  }

  void take_media(const xmlNode* node, std::string_view key, int depth) {
    std::string alt;
    for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
      if (child->type != XML_ELEMENT_NODE) continue;
      const std::string child_key = key_of(child);
      if (child_key == "media:description" || child_key == "media:title") {
        if (alt.empty() || child_key == "media:description") alt = text_of(child);
      }
    }
    if (key == "media:content") {
      const std::string url = attribute(node, "url");
      const std::string medium = attribute(node, "medium");
      add_media(url, medium.empty() ? attribute(node, "type") : medium, alt);
    }
    if (key == "media:thumbnail" && !has_content_) add_media(attribute(node, "url"), "image", {});
    if (key == "media:content") has_content_ = true;
    if (key == "media:group" && better(Rank::media)) item_.html = alt;
    if (depth > 0) return;
    for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
      if (child->type != XML_ELEMENT_NODE) continue;
      const std::string child_key = key_of(child);
      if (child_key == "media:content" || child_key == "media:thumbnail") take_media(child, child_key, depth + 1);
    }
  }

  void add_media(const std::string& url, const std::string& type, const std::string& alt) {
    if (text::trim(url).empty()) return;
    store::Media medium{std::string(text::trim(url)), type, std::nullopt};
    if (!text::trim(alt).empty()) medium.alt_text = std::string(text::trim(alt));
    item_.media.push_back(std::move(medium));
  }

  const std::string& base_;
  FeedItem& item_;
  Rank rank_ = Rank::none;
  bool permalink_ = false;
  bool has_content_ = false;
};

Feed read_feed(const xmlNode* channel, const std::string& outer) {
  Feed feed;
  const std::string own = base_of(channel, outer);
  const std::string& base = own.empty() ? outer : own;
  feed.language = take(xmlGetNsProp(channel, xml("lang"), XML_XML_NAMESPACE));
  for (const xmlNode* node = channel->children; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE || is_item(node)) continue;
    std::string key = key_of(node);
    if (key.starts_with("atom:")) key.erase(0, 5);
    if (key == "title" && feed.title.empty()) {
      feed.title = text_of(node);
    } else if (key == "link") {
      const std::string href = attribute(node, "href");
      const std::string rel = attribute(node, "rel");
      if (rel == "self" && !href.empty()) {
        if (feed.id.empty()) feed.id = text::resolve_url(base, href);
      } else if (feed.home_url.empty() && (rel.empty() || rel == "alternate")) {
        const std::string target = href.empty() ? text_of(node) : href;
        if (!text::trim(target).empty()) feed.home_url = text::resolve_url(base, target);
      }
    } else if (key == "id") {
      feed.id = text::trim(text_of(node));
    } else if (key == "author" || key == "itunes:author" || key == "dc:creator" || key == "managingEditor") {
      if (feed.author.empty()) feed.author = atom_author(node);
    } else if ((key == "language" || key == "dc:language") && feed.language.empty()) {
      feed.language = text_of(node);
    }
  }
  if (!text::is_web_url(feed.home_url)) feed.home_url.clear();
  return feed;
}

/// Elements whose end tag was seen have this in `_private`; the others were cut off.
char closed_mark = 0;

void mark_closed(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
  auto* parser = static_cast<xmlParserCtxt*>(context);
  if (parser->node != nullptr && is_item(parser->node)) parser->node->_private = &closed_mark;
  xmlSAX2EndElementNs(context, name, prefix, uri);
}

/// Ends the parsing of what was made to explode; parse() tells why.
void refuse(void* context, const char* reason) {
  auto* parser = static_cast<xmlParserCtxt*>(context);
  *static_cast<const char**>(parser->_private) = reason;
  xmlStopParser(parser);
}

/// Nothing is declared: entities multiply what they stand for, attributes come with every element of their name.
void refuse_entity(void* context, const xmlChar* /*name*/, int /*type*/, const xmlChar* /*public_id*/,
                   const xmlChar* /*system_id*/, xmlChar* /*content*/) {
  refuse(context, "declares entities");
}
void refuse_attribute(void* context, const xmlChar* /*element*/, const xmlChar* /*name*/, int /*type*/, int /*kind*/,
                      const xmlChar* /*value*/, xmlEnumeration* choices) {
  xmlFreeEnumeration(choices);  // whoever is told of it owns it
  refuse(context, "declares attributes");
}

/// A name with a prefix is looked for in all namespaces around it, one after another.
void start_element(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri, int namespaces,
                   const xmlChar** uris, int attributes, int defaulted, const xmlChar** values) {
  constexpr int kNamespacesMax = 256;
  if (static_cast<xmlParserCtxt*>(context)->nsNr > 2 * kNamespacesMax) {
    return refuse(context, "puts an element into more than 256 namespaces");
  }
  xmlSAX2StartElementNs(context, name, prefix, uri, namespaces, uris, attributes, defaulted, values);
}

struct ParserDeleter {
  void operator()(xmlParserCtxt* parser) const noexcept { xmlFreeParserCtxt(parser); }
};
struct DocumentDeleter {
  void operator()(xmlDoc* document) const noexcept { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, DocumentDeleter>;

struct Parsed {
  Document document;
  bool well_formed = false;
  const char* fault = nullptr;  ///< why it is refused
};

Parsed parse(const std::string& text) {
  Parsed parsed;
  const std::unique_ptr<xmlParserCtxt, ParserDeleter> parser(xmlNewParserCtxt());
  if (!parser) return parsed;
  parser->_private = &parsed.fault;
  parser->sax->startElementNs = start_element;
  parser->sax->endElementNs = mark_closed;
  parser->sax->entityDecl = refuse_entity;
  parser->sax->attributeDecl = refuse_attribute;
  parsed.document.reset(xmlCtxtReadMemory(
      parser.get(), text.data(), static_cast<int>(text.size()), nullptr, "UTF-8",
      XML_PARSE_RECOVER | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT));
  parsed.well_formed = parser->wellFormed != 0;
  return parsed;
}

/// All items below `root` in document order, those a missing end tag put inside others too.
std::vector<const xmlNode*> find_items(const xmlNode* root) {
  std::vector<const xmlNode*> items;
  const xmlNode* node = root;
  while (node != nullptr && items.size() < kItemsMax) {
    if (node != root && is_item(node)) items.push_back(node);
    if (node->type == XML_ELEMENT_NODE && node->children != nullptr) {
      node = node->children;
      continue;
    }
    while (node != nullptr && node != root && node->next == nullptr) node = node->parent;
    if (node == nullptr || node == root) break;
    node = node->next;
  }
  return items;
}

}  // namespace

Result<void> read_feed_xml(ByteSource& source, Session& session) {
  OFFX_ASSIGN(std::string raw, read_all(source, kHeldMaxBytes));
  OFFX_ASSIGN(const std::string text, mend_xml(std::move(raw)));
  const Parsed parsed = parse(text);
  if (parsed.fault != nullptr) {
    return fail(Errc::corrupt, std::string(parsed.fault) + ", which feeds do not need and attacks use: refused");
  }
  const xmlNode* root = parsed.document ? xmlDocGetRootElement(parsed.document.get()) : nullptr;
  if (root == nullptr) return fail(Errc::corrupt, "is no XML: is this the address of a feed?");
  const std::string_view name = view(root->name);
  if (name != "rss" && name != "RDF" && name != "feed" && name != "channel") {
    return fail(Errc::corrupt, "is no feed but a <" + text::clean_text(name).substr(0, 50) +
                                   "> document: look for the feed's own address on the page");
  }
  const xmlNode* channel = root;
  for (const xmlNode* child = root->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE && view(child->name) == "channel") {
      channel = child;
      break;
    }
  }
  const Feed feed = read_feed(channel, session.base_url());
  const std::string& outer = feed.home_url.empty() ? session.base_url() : feed.home_url;

  // The root's end tag tells a cut-off document from one that is merely broken inside.
  const std::string end_tag =
      "</" +
      (root->ns != nullptr && root->ns->prefix != nullptr ? std::string(view(root->ns->prefix)) + ":" : std::string()) +
      std::string(name);
  const bool cut = !parsed.well_formed && text.find(end_tag) == std::string::npos;
  std::uint64_t count = 0;
  for (const xmlNode* node : find_items(root)) {
    ++count;
    if (cut && node->_private != &closed_mark) continue;
    FeedItem item;
    item.language = take(xmlGetNsProp(node, xml("lang"), XML_XML_NAMESPACE));
    std::string base = base_of(node, outer);
    if (base.empty()) base = outer;
    ItemReader(base, item).read(node);
    OFFX_TRY(session.post(to_post(std::move(item), feed, session.base_url()), count));
  }
  if (cut) return session.truncated(count, "the feed ends in the middle; the items that were whole were read");
  return {};
}

}  // namespace offx::sources
