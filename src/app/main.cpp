#include "app/cli.h"

int main(int argc, char** argv) { return offx::app::run(argc, argv); }
