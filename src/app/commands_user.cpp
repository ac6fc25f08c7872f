#include <iostream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "api/accounts.h"
#include "app/commands.h"

namespace offx::app {
namespace {

namespace json = boost::json;

/// The terminal shows nothing of what is typed, as long as it lives.
class Hidden {
 public:
  Hidden() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    is_set_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) == 0;
  }
  ~Hidden() {
    if (is_set_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  termios before_{};
  bool is_set_ = false;
};

std::string ask(const std::string& question) {
  fmt::print(stderr, "{}: ", question);
  std::string answer;
  {
    const Hidden hidden;
    std::getline(std::cin, answer);
  }
  fmt::print(stderr, "\n");
  return answer;
}

/// Asked twice at a terminal, else the first line of standard input.
Result<std::string> read_password(const Context& context) {
  std::string password;
  if (isatty(STDIN_FILENO) != 1) {
    std::getline(std::cin, password);
    return password;
  }
  if (!context.terminal.err_is_terminal) {
    return fail(Errc::invalid_argument, "there is nobody to ask for a password; write it to standard input");
  }
  password = ask("Password (12 characters at least)");
  if (ask("Again") != password) return fail(Errc::invalid_argument, "these were two different passwords");
  return password;
}

Result<store::User> find_user(api::Accounts& accounts, const std::string& name) {
  OFFX_ASSIGN(const auto user, accounts.repository().find(name));
  if (user) return *user;
  return fail(Errc::not_found, "there is no user \"" + name + "\"; see `offx user list`");
}

}  // namespace

Result<void> run_user_add(const Context& context, const UserCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database("user add"));
  api::Accounts accounts(*client, context.clock, {});
  OFFX_ASSIGN(const bool is_first, accounts.is_setup_required());
  OFFX_ASSIGN(const auto password, read_password(context));
  OFFX_ASSIGN(const auto id, accounts.add_user(command.username, password, command.admin || is_first));
  if (context.json) {
    print_json(json::object{{"id", id}, {"username", command.username}, {"is_admin", command.admin || is_first}});
  } else {
    print(fmt::format("made {} \"{}\"\n", command.admin || is_first ? "administrator" : "user",
                      printable(command.username)));
  }
  return {};
}

Result<void> run_user_passwd(const Context& context, const UserCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database("user passwd"));
  api::Accounts accounts(*client, context.clock, {});
  OFFX_ASSIGN(const auto user, find_user(accounts, command.username));
  OFFX_ASSIGN(const auto password, read_password(context));
  OFFX_TRY(accounts.set_password(user, password));
  if (!context.json) print(fmt::format("\"{}\" has a new password; all sessions ended\n", printable(user.username)));
  return {};
}

Result<void> run_user_list(const Context& context) {
  OFFX_ASSIGN(auto client, context.open_database_to_show());
  api::Accounts accounts(*client, context.clock, {});
  OFFX_ASSIGN(const auto users, accounts.repository().list());
  std::vector<std::vector<std::string>> rows = {{"USER", "NAME", "ADMIN", "LAST LOGIN"}};
  json::array array;
  for (const auto& user : users) {
    const auto last = user.last_login_at;
    rows.push_back(
        {std::to_string(user.id), user.username, user.is_admin ? "yes" : "", last ? to_sql_time(*last) : "never"});
    array.push_back(json::object{{"id", user.id},
                                 {"username", user.username},
                                 {"is_admin", user.is_admin},
                                 {"created_at", to_iso_time(user.created_at)},
                                 {"last_login_at", last ? json::value(to_iso_time(*last)) : json::value()}});
  }
  if (context.json) {
    print_json(array);
  } else if (users.empty()) {
    print("No users yet: `offx user add NAME` makes the first.\n");
  } else {
    print(table(context.terminal, rows, {true, false, false, false}));
  }
  return {};
}

Result<void> run_user_remove(const Context& context, const UserCommand& command) {
  OFFX_ASSIGN(auto client, context.open_database("user remove"));
  api::Accounts accounts(*client, context.clock, {});
  OFFX_ASSIGN(const auto user, find_user(accounts, command.username));
  if (!command.yes && !confirm(context, "Remove " + user.username + " with all sessions and tokens?")) {
    return fail(Errc::cancelled, "nothing was removed; say --yes to remove " + user.username);
  }
  OFFX_TRY(accounts.repository().remove(user.id));
  if (!context.json) print(fmt::format("removed \"{}\"\n", printable(user.username)));
  return {};
}

}  // namespace offx::app
