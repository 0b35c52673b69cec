#ifndef CAIRN_CORE_BASE_CLOCK_H_
#define CAIRN_CORE_BASE_CLOCK_H_

#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace cairn {

// Time comes in through here, so that a test or a simulator can own it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

// RFC 3339 in UTC, whole seconds.
inline std::string FormatUtc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace cairn

#endif  // CAIRN_CORE_BASE_CLOCK_H_
