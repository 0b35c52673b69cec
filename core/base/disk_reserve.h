#ifndef CAIRN_CORE_BASE_DISK_RESERVE_H_
#define CAIRN_CORE_BASE_DISK_RESERVE_H_

#include <string>

#include "absl/status/status.h"

namespace cairn {

// What a program leaves free on the disk of its state, so that refusals, and
// its own end, can still be logged when others have filled it: 256 MiB, or as
// many MiB as CAIRN_DISK_RESERVE_MIB says.
//
// OK if `dir` has more than that. RESOURCE_EXHAUSTED, with a sentence, if not;
// INTERNAL if nobody can say.
absl::Status CheckDiskReserve(const std::string& dir);

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_DISK_RESERVE_H_
