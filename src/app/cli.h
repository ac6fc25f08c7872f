#pragma once

namespace offx::app {

/// The whole program: reads the command line, runs the command, prints its error if it has one. Gives the exit code:
/// 0 done, 1 failed, 2 used wrongly (see `offx --help`).
int run(int argc, char** argv);

}  // namespace offx::app
