#include "base/process.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace offx {
namespace {

/// Whether `question` is true in a new process; nothing if it could not be made as `prepare` wants it.
std::optional<bool> asked_elsewhere(const std::function<bool()>& prepare, const std::function<bool()>& question) {
  constexpr int kUnprepared = 2;
  const pid_t outer = fork();
  if (outer == 0) {
    if (!prepare()) _exit(kUnprepared);
    // Only children of who makes a namespace of processes are in it.
    const pid_t inner = fork();
    if (inner == 0) _exit(question() ? 0 : 1);
    int status = 0;
    _exit(inner > 0 && waitpid(inner, &status, 0) == inner && WIFEXITED(status) ? WEXITSTATUS(status) : kUnprepared);
  }
  int status = 0;
  EXPECT_EQ(waitpid(outer, &status, 0), outer);
  if (!WIFEXITED(status) || WEXITSTATUS(status) == kUnprepared) return std::nullopt;
  return WEXITSTATUS(status) == 0;
}

/// The name of a holder that has ended.
std::string name_of_dead() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto name = new_holder_name();
    _exit(write(ends[1], name.data(), name.size()) == static_cast<ssize_t>(name.size()) ? 0 : 1);
  }
  close(ends[1]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  std::string name(1'000, '\0');
  name.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], name.data(), name.size()))));
  close(ends[0]);
  return name;
}

TEST(Process, who_lives_is_not_gone_and_who_ended_is) {
  const auto name = new_holder_name();
  EXPECT_NE(name, new_holder_name());
  EXPECT_FALSE(is_gone(name));
  EXPECT_EQ(process_of(name).find('#'), std::string::npos);
  EXPECT_NE(process_of(name).find(" pid " + std::to_string(getpid())), std::string::npos);

  const auto dead = name_of_dead();
  EXPECT_TRUE(is_gone(dead)) << dead;
  EXPECT_TRUE(is_gone(dead + "-0123456789abcdef")) << "as the workers of a scheduler add";
}

TEST(Process, nobody_is_gone_who_may_run_where_we_cannot_see) {
  const auto dead = name_of_dead();
  // Of a machine with the same name, and of a program that wrote no more than that.
  auto elsewhere = dead;
  auto& digit = elsewhere[elsewhere.find(" #") + 2];
  digit = digit == '0' ? '1' : '0';
  EXPECT_FALSE(is_gone(elsewhere)) << elsewhere;
  EXPECT_FALSE(is_gone(process_of(dead) + " #1"));
  for (const char* text : {"", "pid", " pid ", "a pid x #1", "a pid -1 #1", "a pid 99999999999999999999 #1"}) {
    EXPECT_FALSE(is_gone(text)) << text;
  }
}

TEST(Process, containers_with_numbers_of_their_own_do_not_judge_each_other) {
  const auto prepare = [] { return unshare(CLONE_NEWPID) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0; };
  const auto dead = name_of_dead();
  const auto ours = new_holder_name();
  const auto judged = asked_elsewhere(prepare, [&] { return is_gone(dead) || is_gone(ours); });
  if (!judged) GTEST_SKIP() << "this system lets us make no namespace";
  EXPECT_FALSE(*judged);
}

}  // namespace
}  // namespace offx
