#include "core/base/disk_reserve.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace cairn {
namespace {

constexpr uint64_t kReserveMib = 256;

uint64_t ReserveMib() {
  const char* given = std::getenv("CAIRN_DISK_RESERVE_MIB");
  uint64_t mib = kReserveMib;
  if (given == nullptr || !absl::SimpleAtoi(given, &mib)) return kReserveMib;
  return mib;
}

}  // namespace

absl::Status CheckDiskReserve(const std::string& dir) {
  struct statvfs disk;
  if (statvfs(dir.c_str(), &disk) != 0) {
    return absl::InternalError(absl::StrCat(
        dir, ": how much room is left cannot be told: ", std::strerror(errno)));
  }
  const uint64_t free_mib =
      static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize >> 20;
  const uint64_t reserve = ReserveMib();
  if (free_mib >= reserve) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("its disk has less than the ", reserve,
                   " MiB left that it keeps for its log"));
}

}  // namespace cairn
