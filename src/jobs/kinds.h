#pragma once

#include <filesystem>

#include "jobs/scheduler.h"

namespace offx::jobs {

/// Everything that OffX does as a job; pipeline/jobs.h says what each may be told. `data_folder` holds uploads that
/// wait and backups, as Services has it. Whatever is done may be done again: after a crash in the middle it goes on,
/// and its effect is there once.
[[nodiscard]] Kinds standard_kinds(const std::filesystem::path& data_folder);

}  // namespace offx::jobs
