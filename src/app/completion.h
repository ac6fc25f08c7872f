#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace offx::app {

/// A command as completion needs it: its words (`topic add`), options and what may follow.
struct CompletionCommand {
  std::string words;  ///< empty for the program itself
  std::vector<std::string> subcommands;
  std::vector<std::string> options;  ///< `--since`, …
};

/// The script that teaches `shell` (bash, zsh or fish) to complete offx's commands. Errc::invalid_argument for others.
Result<std::string> completion_script(const std::string& shell, const std::vector<CompletionCommand>& commands);

}  // namespace offx::app
