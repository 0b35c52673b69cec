#include "coordinator/query_run.h"

#include <algorithm>
#include <utility>

namespace cairn {

QueryRun::QueryRun(std::string query_id, std::vector<std::string> agencies,
                   OnAgency on_agency, OnDone on_done)
    : query_id_(std::move(query_id)),
      agencies_(std::move(agencies)),
      on_agency_(std::move(on_agency)),
      on_done_(std::move(on_done)) {}

std::vector<AgencyAnswer> QueryRun::InOrder() {
  std::vector<AgencyAnswer> ordered;
  for (const std::string& agency : agencies_) {
    ordered.push_back(std::move(answers_[agency]));
  }
  return ordered;
}

bool QueryRun::Accept(AgencyAnswer answer) {
  {
    MutexLock lock(&mutex_);
    if (done_ || answers_.count(answer.agency) > 0 ||
        std::find(agencies_.begin(), agencies_.end(), answer.agency) ==
            agencies_.end()) {
      return false;
    }
    answers_[answer.agency] = answer;
    done_ = answers_.size() == agencies_.size();
    ++reporting_;
  }
  on_agency_(answer);
  Reported();
  return true;
}

bool QueryRun::WaitsFor(const std::string& agency) const {
  MutexLock lock(&mutex_);
  return !done_ && answers_.count(agency) == 0 &&
         std::find(agencies_.begin(), agencies_.end(), agency) !=
             agencies_.end();
}

void QueryRun::Expire(const std::string& reason) {
  std::vector<AgencyAnswer> silent;
  {
    MutexLock lock(&mutex_);
    if (done_) return;
    done_ = true;
    for (const std::string& agency : agencies_) {
      if (answers_.count(agency) > 0) continue;
      AgencyAnswer& answer = answers_[agency];
      answer.agency = agency;
      answer.reason = reason;
      silent.push_back(answer);
    }
    ++reporting_;
  }
  for (const AgencyAnswer& answer : silent) on_agency_(answer);
  Reported();
}

// The last of the callers to have reported ends the run.
void QueryRun::Reported() {
  std::vector<AgencyAnswer> all;
  {
    MutexLock lock(&mutex_);
    if (--reporting_ > 0 || !done_ || ended_) return;
    ended_ = true;
    all = InOrder();
  }
  on_done_(std::move(all));
}

}  // namespace cairn
