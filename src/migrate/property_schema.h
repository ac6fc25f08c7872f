#pragma once

#include <rapidcheck.h>

#include "migrate/property_model.h"

/// Random schemas and mappings for the property test.
namespace offx::migrate::model {

/// 0 … n - 1, all equally likely; shrinks to 0.
inline std::size_t pick(std::size_t n) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, n));
}
inline bool chance(int percent) { return pick(100) >= static_cast<std::size_t>(100 - percent); }
template <class T>
const T& any_of(const std::vector<T>& values) {
  return values[pick(values.size())];
}

inline Value text(const char* value) { return std::string(value); }
inline Value number(std::int64_t value) { return value; }

inline std::vector<Value> integers() { return {number(-3), number(0), number(1), number(2), number(7), number(12)}; }
inline std::vector<Value> texts() {
  return {text(""), text("a"), text("A"), text("b"), text(" a"), text("b "), text("x y"), text("x y z"), text("x/y")};
}
inline std::vector<Value> digits() { return {text("5"), text("05"), text("12"), text("-3"), text("0")}; }
inline std::vector<Value> reals() { return {0.5, 2.0, -1.25, 1000.0}; }

/// Texts up to `separator` and behind it.
inline std::pair<std::string, std::string> cut(const std::string& whole, char separator) {
  const auto at = whole.find(separator);
  if (at == std::string::npos) return {whole, ""};
  return {whole.substr(0, at), whole.substr(at + 1)};
}

/// Makes one table with its next version; the names of its columns end with numbers, so that they are apart.
class TableMaker {
 public:
  TableMaker(const std::string& old_name, const std::string& new_name) {
    table_.name = {old_name, new_name};
    table_.change.from = old_name;
    table_.change.to = new_name;
  }

  ModelTable make(const ModelTable* parent, const std::string& parent_action) {
    make_key();
    if (parent != nullptr) add_reference(parent->name, parent->columns, 0, parent_action);
    if (table_.key_width == 1 && chance(25)) {
      add_reference(table_.name, table_.columns, 1,
                    any_of<std::string>({"", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON UPDATE CASCADE"}));
    }
    const auto facets = 1 + pick(4);
    for (std::size_t i = 0; i < facets; ++i) add_facet();
    add_constraints();
    for (std::size_t i = 0; i < table_.facets.size(); ++i) {
      const auto in_group = [&](const auto& group) { return std::find(group.begin(), group.end(), i) != group.end(); };
      if (std::none_of(table_.groups.begin(), table_.groups.end(), in_group)) table_.groups.push_back({i});
    }
    finish();
    return std::move(table_);
  }

 private:
  std::size_t add(Side side, ModelColumn column) {
    table_.columns[side].push_back(std::move(column));
    return table_.columns[side].size() - 1;
  }
  std::string fresh(const char* prefix) { return std::string(prefix) + std::to_string(++number_); }

  /// A column that both sides have, carried as it is.
  Facet& carry(const ModelColumn& column, const std::string& new_name) {
    auto renamed = column;
    renamed.name = new_name;
    if (new_name != column.name) table_.change.rename.emplace_back(column.name, new_name);
    Facet facet;
    facet.columns = {{{add(kOld, column)}, {add(kNew, renamed)}}};
    const auto same = [](const Row& row) { return row; };
    facet.compute = {same, same};
    facet.affinity = {{{column.affinity}, {column.affinity}}};
    table_.facets.push_back(std::move(facet));
    return table_.facets.back();
  }

  void make_key() {
    const auto kind = pick(6);
    std::vector<Value> small = {number(1), number(2), number(3), number(4), number(5), number(6)};
    const auto key = [&](const char* name, const char* type, Affinity affinity, std::vector<Value> pool,
                         bool not_null) {
      ModelColumn column{name, type, affinity, not_null, "", {}, std::move(pool)};
      add(kOld, column);
      if (chance(20)) {
        table_.change.rename.emplace_back(column.name, column.name + "_new");
        column.name += "_new";
      }
      add(kNew, column);
    };
    if (kind <= 2) {
      key("id", "INTEGER", Affinity::integer, small, false);
      table_.integer_key = true;
      table_.autoincrement = kind == 0;
      table_.without_rowid = kind == 2;
      if (table_.without_rowid) table_.columns[kOld][0].not_null = table_.columns[kNew][0].not_null = true;
      return;
    }
    table_.without_rowid = chance(40);
    key("code", "TEXT", Affinity::text, {text("a"), text("A"), text("b"), text("b "), text("é"), text("")}, true);
    if (kind == 3 && chance(30)) {
      table_.nocase_key = true;
      for (const Side side : {kOld, kNew}) table_.columns[side][0].more = " COLLATE NOCASE";
    }
    if (kind == 3) return;
    key("part", "INTEGER", Affinity::integer, small, true);
    table_.key_width = 2;
  }

  void add_reference(const std::array<std::string, 2>& parent, const std::array<std::vector<ModelColumn>, 2>& columns,
                     int self, const std::string& action) {
    // SQLite miscounts references when OR REPLACE writes rows that refer to their own table: nothing to compare with.
    if (self != 0) table_.may_replace = {false, false};
    ModelColumn column = columns[kOld][0];
    column.name = fresh(self != 0 ? "up" : "pid");
    column.not_null = false;
    column.more.clear();
    auto& facet = carry(column, chance(30) ? column.name + "_new" : column.name);
    for (const Side side : {kOld, kNew}) {
      table_.constraints[side].push_back("FOREIGN KEY (" + table_.columns[side][facet.columns[side][0]].name +
                                         ") REFERENCES " + db::quote_identifier(parent[side]) + " (" +
                                         columns[side][0].name + ")" + action);
    }
  }

  ModelColumn random_column(const char* prefix) {
    ModelColumn column;
    column.name = fresh(prefix);
    switch (pick(4)) {
      case 0: column = {column.name, "INTEGER", Affinity::integer, false, "", {}, integers()}; break;
      case 1: column = {column.name, "REAL", Affinity::real, false, "", {}, reals()}; break;
      default: column = {column.name, "TEXT", Affinity::text, false, "", {}, texts()}; break;
    }
    if (chance(30)) column.default_value = column.pool[pick(column.pool.size())];
    column.not_null = chance(25);
    return column;
  }

  void add_facet() {
    switch (pick(14)) {
      case 0:
      case 1:
      case 2: add_carried(); break;
      case 3: add_own(kOld); break;
      case 4: add_own(kNew); break;
      case 5: add_constant(); break;
      case 6: add_scaled(); break;
      case 7: add_trimmed(); break;
      case 8: add_cast(); break;
      case 9: add_split(kOld); break;
      case 10: add_split(kNew); break;
      case 11: add_upper(); break;
      case 12: chance(50) ? add_one_way() : add_only_back(); break;
      default: add_retyped(); break;
    }
  }

  void add_carried() {
    auto column = random_column("c");
    const bool text_column = column.affinity == Affinity::text;
    const auto unique = chance(30) ? 1 + pick(3) : 0;
    const auto check = chance(20) ? 1 + pick(3) : 0;
    auto& facet = carry(column, chance(40) ? column.name + "_new" : column.name);
    simple_.push_back(table_.facets.size() - 1);
    for (const Side side : {kOld, kNew}) {
      auto& its = table_.columns[side][facet.columns[side][0]];
      if (text_column && chance(15)) its.more += " COLLATE NOCASE";
      if ((unique >> side & 1U) != 0) its.more += " UNIQUE";
      if ((check >> side & 1U) != 0)
        its.more += " CHECK (" + its.name + " <> " + ModelTable::literal(its.pool[0]) + ")";
    }
  }

  void add_own(Side side) {
    auto column = random_column(side == kOld ? "o" : "n");
    if (column.not_null && db::is_null(column.default_value)) column.default_value = column.pool[1];
    if (!column.not_null && db::is_null(column.default_value) && chance(30)) column.more += " UNIQUE";
    add(side, column);
  }

  void add_constant() {
    Facet facet;
    facet.columns[kNew] = {add(kNew, {fresh("k"), "TEXT", Affinity::text, chance(50), "", {}, texts()})};
    facet.compute[kNew] = [](const Row&) { return Row{text("red")}; };
    facet.affinity[kNew] = {Affinity::none};
    facet.constant = true;
    table_.change.up.emplace_back(table_.columns[kNew].back().name, "'red'");
    table_.facets.push_back(std::move(facet));
  }

  void add_mapped(ModelColumn old_column, ModelColumn new_column, const std::string& up, const std::string& down,
                  std::function<Value(const Value&)> to_new, std::function<Value(const Value&)> to_old,
                  Affinity of_up = Affinity::none, Affinity of_down = Affinity::none) {
    table_.change.up.emplace_back(new_column.name, up);
    table_.change.down.emplace_back(old_column.name, down);
    Facet facet;
    facet.columns = {{{add(kOld, std::move(old_column))}, {add(kNew, std::move(new_column))}}};
    const auto each = [](std::function<Value(const Value&)> convert) {
      return [convert = std::move(convert)](const Row& row) {
        return Row{db::is_null(row[0]) ? Value() : convert(row[0])};
      };
    };
    facet.compute = {each(std::move(to_old)), each(std::move(to_new))};
    facet.affinity = {{{of_down}, {of_up}}};
    table_.facets.push_back(std::move(facet));
  }

  void add_scaled() {
    const auto a = fresh("s");
    add_mapped(
        {a, "INTEGER", Affinity::integer, false, "", {}, integers()},
        {a + "_milli",
         "INTEGER",
         Affinity::integer,
         false,
         "",
         {},
         {number(0), number(1000), number(1500), number(-2500), number(999)}},
        a + " * 1000", a + "_milli / 1000", [](const Value& v) { return number(std::get<std::int64_t>(v) * 1000); },
        [](const Value& v) { return number(std::get<std::int64_t>(v) / 1000); });
  }

  void add_trimmed() {
    const auto a = fresh("t");
    add_mapped(
        {a, "TEXT", Affinity::text, false, "", {}, texts()},
        {a + "_trimmed", "TEXT", Affinity::text, false, "", {}, texts()}, "trim(" + a + ")", a + "_trimmed",
        [](const Value& v) {
          const auto& whole = std::get<std::string>(v);
          const auto begin = whole.find_first_not_of(' ');
          if (begin == std::string::npos) return text("");
          return Value(whole.substr(begin, whole.find_last_not_of(' ') - begin + 1));
        },
        [](const Value& v) { return v; }, Affinity::none, Affinity::text);
  }

  void add_cast() {
    const auto a = fresh("x");
    auto pool = digits();
    pool.push_back(text("abc"));
    add_mapped(
        {a, "TEXT", Affinity::text, false, "", {}, pool},
        {a + "_int", "INTEGER", Affinity::integer, false, "", {}, integers()}, "CAST(" + a + " AS INTEGER)",
        "CAST(" + a + "_int AS TEXT)",
        [](const Value& v) { return number(std::strtoll(std::get<std::string>(v).c_str(), nullptr, 10)); },
        [](const Value& v) { return Value(db::to_text(v)); }, Affinity::integer, Affinity::text);
  }

  /// One column on `whole`'s side, two on the other.
  void add_split(Side whole) {
    const auto n = fresh("w");
    const Side parts = other(whole);
    Facet facet;
    facet.columns[whole] = {add(whole, {n, "TEXT", Affinity::text, false, "", {}, texts()})};
    facet.columns[parts] = {
        add(parts, {n + "_first", "TEXT", Affinity::text, false, "", {}, {text("x"), text("y"), text("")}}),
        add(parts, {n + "_last", "TEXT", Affinity::text, false, "", {}, {text("z"), text("y z"), text("")}})};
    facet.compute[parts] = [](const Row& row) {
      if (db::is_null(row[0])) return Row{Value(), Value()};
      auto [first, last] = cut(std::get<std::string>(row[0]), ' ');
      return Row{first, last};
    };
    facet.compute[whole] = [](const Row& row) {
      if (db::is_null(row[0]) || db::is_null(row[1])) return Row{Value()};
      const auto& last = std::get<std::string>(row[1]);
      return Row{std::get<std::string>(row[0]) + (last.empty() ? "" : " " + last)};
    };
    facet.affinity[parts] = {Affinity::none, Affinity::none};
    facet.affinity[whole] = {Affinity::none};
    auto& change = table_.change;
    auto& of_parts = parts == kNew ? change.up : change.down;
    auto& of_whole = parts == kNew ? change.down : change.up;
    of_parts.emplace_back(n + "_first", "substr(" + n + ", 1, instr(" + n + " || ' ', ' ') - 1)");
    of_parts.emplace_back(n + "_last", "substr(" + n + ", instr(" + n + " || ' ', ' ') + 1)");
    of_whole.emplace_back(n, n + "_first || CASE WHEN " + n + "_last = '' THEN '' ELSE ' ' || " + n + "_last END");
    table_.facets.push_back(std::move(facet));
  }

  /// Both lose something, under one name.
  void add_upper() {
    const auto a = fresh("u");
    const auto letters = [](int (*convert)(int)) {
      return [convert](const Value& v) {
        auto value = std::get<std::string>(v);
        for (auto& c : value) c = static_cast<char>(convert(static_cast<unsigned char>(c)));
        return Value(value);
      };
    };
    const ModelColumn column{a, "TEXT", Affinity::text, chance(30), "", {}, texts()};
    add_mapped(column, column, "upper(" + a + ")", "lower(" + a + ")", letters(std::toupper), letters(std::tolower));
  }

  void add_one_way() {
    const auto a = fresh("l");
    Facet facet;
    facet.columns = {{{add(kOld, {a, "TEXT", Affinity::text, false, "", {}, texts()})},
                      {add(kNew, {a + "_length", "INTEGER", Affinity::integer, false, "", {}, integers()})}}};
    facet.compute[kNew] = [](const Row& row) {
      if (db::is_null(row[0])) return Row{Value()};
      return Row{number(static_cast<std::int64_t>(std::get<std::string>(row[0]).size()))};
    };
    facet.affinity[kNew] = {Affinity::none};
    table_.change.up.emplace_back(a + "_length", "length(" + a + ")");
    table_.change.one_way.push_back(a + "_length");
    table_.facets.push_back(std::move(facet));
  }

  /// An old column that new code does not have, computed for old code from a new one.
  void add_only_back() {
    const auto a = fresh("d");
    Facet facet;
    facet.columns = {{{add(kOld, {a, "TEXT", Affinity::text, false, "", {}, texts()})},
                      {add(kNew, {a + "_flag", "INTEGER", Affinity::integer, true, "", number(1), integers()})}}};
    facet.compute[kOld] = [](const Row& row) { return Row{text(db::to_integer(row[0]) == 1 ? "yes" : "no")}; };
    facet.affinity[kOld] = {Affinity::none};
    table_.change.down.emplace_back(a, "CASE " + a + "_flag WHEN 1 THEN 'yes' ELSE 'no' END");
    table_.facets.push_back(std::move(facet));
  }

  /// Carried under its name into a column of another type.
  void add_retyped() {
    struct Type {
      const char* name;
      Affinity affinity;
    };
    const std::vector<Type> types = {
        {"TEXT", Affinity::text}, {"INTEGER", Affinity::integer}, {"REAL", Affinity::real}, {"", Affinity::none}};
    const auto from = any_of(types);
    const auto to = any_of(types);
    std::vector<Value> pool = integers();
    if (from.affinity == Affinity::text || from.affinity == Affinity::none) pool = digits();
    const auto name = fresh("r");
    auto& facet = carry({name, from.name, from.affinity, false, "", {}, pool}, name);
    auto& column = table_.columns[kNew][facet.columns[kNew][0]];
    column.type = to.name;
    column.affinity = to.affinity;
    if (to.affinity == Affinity::real) column.pool = reals();
    facet.affinity = {{{to.affinity}, {from.affinity}}};
  }

  std::string index(Side side, const std::string& suffix, const std::string& what, const std::string& where,
                    bool unique) {
    return std::string("CREATE ") + (unique ? "UNIQUE " : "") + "INDEX idx_" + table_.name[side] + "_" + suffix +
           " ON " + db::quote_identifier(table_.name[side]) + " (" + what + ")" +
           (where.empty() ? "" : " WHERE " + where);
  }
  const std::string& carried_name(Side side, std::size_t facet) const {
    return table_.columns[side][table_.facets[facet].columns[side][0]].name;
  }

  void add_constraints() {
    if (simple_.empty()) return;
    const auto one = any_of(simple_);
    const auto kind = pick(6);
    if (kind == 0) {
      // Where only one of them folds case, OR REPLACE takes a row out of both that only one demands to go: warned of.
      const auto folds = [&](Side side) {
        return table_.columns[side][table_.facets[one].columns[side][0]].more.find("NOCASE") != std::string::npos;
      };
      const bool unique = folds(kOld) == folds(kNew) && chance(50);
      both_sides("partial", carried_name(kOld, one), carried_name(kOld, one) + " IS NOT NULL", carried_name(kNew, one),
                 carried_name(kNew, one) + " IS NOT NULL", unique);
    } else if (kind == 1) {
      both_sides("expression", "lower(" + carried_name(kOld, one) + ") DESC", "",
                 "lower(" + carried_name(kNew, one) + ") DESC", "", chance(50));
    } else if (kind == 2 && simple_.size() > 1) {
      const auto two = simple_[0] == one ? simple_[1] : simple_[0];
      for (const Side side : {kOld, kNew}) {
        if (side == kOld || chance(70)) {
          table_.constraints[side].push_back("UNIQUE (" + carried_name(side, one) + ", " + carried_name(side, two) +
                                             ")");
        }
      }
      table_.groups.push_back({one, two});
    } else if (kind == 3) {
      table_.new_indexes.push_back(index(kNew, "new", carried_name(kNew, one), "", false));
    }
  }

  void both_sides(const std::string& suffix, const std::string& of_old, const std::string& where_old,
                  const std::string& of_new, const std::string& where_new, bool unique) {
    table_.indexes[kOld].push_back(index(kOld, suffix, of_old, where_old, unique));
    table_.indexes[kNew].push_back(index(kNew, suffix, of_new, where_new, unique));
  }

  void finish() {
    // A generated column is nobody's to write; here to be in the way.
    for (const Side side : {kOld, kNew}) {
      if (!chance(20)) continue;
      table_.generated[side] = fresh("g") + " TEXT AS (" + table_.columns[side].back().name + " || '!')" +
                               any_of<std::string>({"", " STORED"});
    }
    auto& change = table_.change;
    change.create = table_.create(kNew) + ";\n";
    for (const auto& sql : table_.new_indexes) change.create += sql + ";\n";
  }

  ModelTable table_;
  int number_ = 0;
  std::vector<std::size_t> simple_;  ///< facets of one column carried as it is
};

}  // namespace offx::migrate::model
