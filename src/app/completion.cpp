#include "app/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace offx::app {
namespace {

/// One function for bash, which zsh runs through its bash compatibility: finds the longest command that was typed.
std::string bash_script(const std::vector<CompletionCommand>& commands) {
  std::string cases;
  for (const auto& command : commands) {
    cases += fmt::format("    '{}') words='{} {}' ;;\n", command.words, fmt::join(command.subcommands, " "),
                         fmt::join(command.options, " "));
  }
  std::string known;
  for (const auto& command : commands) known += fmt::format("|{}|", command.words);
  return "_offx() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} command= words= i next\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    next=\"${command:+$command }${COMP_WORDS[i]}\"\n"
         "    [[ '" +
         known +
         "' == *\"|$next|\"* ]] && command=$next\n"
         "  done\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "}\n"
         "complete -o default -F _offx offx\n";  // default: file names where no word of ours fits
}

std::string fish_script(const std::vector<CompletionCommand>& commands) {
  std::string script;
  for (const auto& command : commands) {
    std::string condition = "__fish_use_subcommand";
    if (!command.words.empty()) {
      condition = "__fish_seen_subcommand_from " + command.words.substr(command.words.rfind(' ') + 1);
    }
    for (const auto& subcommand : command.subcommands) {
      script += fmt::format("complete -c offx -n '{}' -a '{}'\n", condition, subcommand);
    }
    for (const auto& option : command.options) {
      script += fmt::format("complete -c offx -n '{}' -l '{}'\n", condition, option.substr(2));
    }
  }
  return script;
}

}  // namespace

Result<std::string> completion_script(const std::string& shell, const std::vector<CompletionCommand>& commands) {
  if (shell == "bash") return "# eval \"$(offx completion bash)\"\n" + bash_script(commands);
  if (shell == "zsh") {
    return "# eval \"$(offx completion zsh)\"\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(commands);
  }
  if (shell == "fish") return "# offx completion fish | source\n" + fish_script(commands);
  return fail(Errc::invalid_argument, "\"" + shell + "\" is no shell that offx knows; choose bash, zsh or fish");
}

}  // namespace offx::app
