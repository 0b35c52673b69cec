#include "core/ledger/reject_counts.h"

#include <string>
#include <utility>

namespace cairn {
namespace {

int64_t MinuteOf(absl::Time time) { return absl::ToUnixSeconds(time) / 60; }

}  // namespace

absl::string_view NameOf(Reject why) {
  switch (why) {
    case Reject::kCertificate:
      return "certificate";
    case Reject::kAgency:
      return "agency";
    case Reject::kStreams:
      return "streams";
    case Reject::kHello:
      return "hello";
    case Reject::kTooLarge:
      return "too_large";
    case Reject::kInvalid:
      return "invalid";
    case Reject::kOverloaded:
      return "overloaded";
    case Reject::kLate:
      return "late";
  }
  return "";
}

void RejectCounts::Add(Reject why) {
  const int64_t minute = MinuteOf(clock_->Now());
  MutexLock lock(&mutex_);
  ++minutes_[minute][why];
}

std::vector<Entry> RejectCounts::Take(bool all) {
  const int64_t running = MinuteOf(clock_->Now());
  std::vector<Entry> entries;
  MutexLock lock(&mutex_);
  for (auto at = minutes_.begin(); at != minutes_.end();) {
    // A minute that is yet to come is of a clock that was set back.
    if (at->first == running && !all) {
      ++at;
      continue;
    }
    Entry entry{"reject.summary", "", {}};
    entry.fields["minute"] = at->first * 60'000;
    for (const auto& [why, count] : at->second) {
      entry.fields[std::string(NameOf(why))] = count;
    }
    entries.push_back(std::move(entry));
    at = minutes_.erase(at);
  }
  return entries;
}

}  // namespace cairn
