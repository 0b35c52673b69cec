#include "coordinator/query_run.h"

#include <utility>

namespace cairn {

QueryRun::QueryRun(std::string query_id, std::vector<std::string> agencies,
                   OnAgency on_agency, OnDone on_done)
    : query_id_(std::move(query_id)),
      agencies_(std::move(agencies)),
      on_agency_(std::move(on_agency)),
      on_done_(std::move(on_done)),
      answers_(agencies_.size()) {
  for (size_t i = 0; i < agencies_.size(); ++i) place_[agencies_[i]] = i;
}

bool QueryRun::Accept(AgencyAnswer answer) {
  const auto found = place_.find(answer.agency);
  if (found == place_.end()) return false;
  const AgencyAnswer* kept = nullptr;
  {
    MutexLock lock(&mutex_);
    std::optional<AgencyAnswer>& place = answers_[found->second];
    if (done_ || place.has_value()) return false;
    // It stays as it is until the last caller to report ends the run.
    kept = &place.emplace(std::move(answer));
    done_ = ++answered_ == agencies_.size();
    ++reporting_;
  }
  on_agency_(*kept);
  Reported();
  return true;
}

bool QueryRun::WaitsFor(const std::string& agency) const {
  const auto found = place_.find(agency);
  if (found == place_.end()) return false;
  MutexLock lock(&mutex_);
  return !done_ && !answers_[found->second].has_value();
}

void QueryRun::Expire(const std::string& reason) {
  std::vector<const AgencyAnswer*> silent;
  {
    MutexLock lock(&mutex_);
    if (done_) return;
    done_ = true;
    for (size_t i = 0; i < agencies_.size(); ++i) {
      if (answers_[i].has_value()) continue;
      AgencyAnswer& answer = answers_[i].emplace();
      answer.agency = agencies_[i];
      answer.reason = reason;
      silent.push_back(&answer);
    }
    ++reporting_;
  }
  for (const AgencyAnswer* answer : silent) on_agency_(*answer);
  Reported();
}

// The last of the callers to have reported ends the run.
void QueryRun::Reported() {
  std::vector<AgencyAnswer> all;
  {
    MutexLock lock(&mutex_);
    if (--reporting_ > 0 || !done_ || ended_) return;
    ended_ = true;
    all.reserve(answers_.size());
    for (std::optional<AgencyAnswer>& answer : answers_) {
      all.push_back(*std::move(answer));
    }
  }
  on_done_(std::move(all));
}

}  // namespace cairn
