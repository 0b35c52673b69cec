#include "coordinator/agent_registry.h"

#include <utility>

namespace cairn {

bool AgentRegistry::Attach(const std::string& agency,
                           std::shared_ptr<AgentSession> session,
                           absl::Time now, absl::FunctionRef<bool()> gone,
                           std::shared_ptr<AgentSession>* replaced) {
  MutexLock lock(&mutex_);
  if (gone()) return false;
  Agency& entry = agencies_[agency];
  entry.last_seen = now;
  *replaced = std::exchange(entry.session, std::move(session));
  return true;
}

bool AgentRegistry::Detach(const std::string& agency,
                           const AgentSession* session, absl::Time now) {
  std::shared_ptr<AgentSession> gone;  // dies outside the lock
  MutexLock lock(&mutex_);
  Agency& entry = agencies_[agency];
  if (entry.session.get() != session) return false;
  gone = std::move(entry.session);
  entry.session = nullptr;
  entry.last_seen = now;
  return true;
}

void AgentRegistry::SetHoldings(const std::string& agency,
                                const std::vector<v1::Holding>& holdings) {
  std::vector<std::shared_ptr<const v1::Holding>> shared;
  for (const v1::Holding& holding : holdings) {
    shared.push_back(std::make_shared<const v1::Holding>(holding));
  }
  MutexLock lock(&mutex_);
  agencies_[agency].holdings.swap(shared);
}

void AgentRegistry::Seen(const std::string& agency, absl::Time now) {
  MutexLock lock(&mutex_);
  agencies_[agency].last_seen = now;
}

AgentRegistry::Agency AgentRegistry::Find(const std::string& agency) const {
  MutexLock lock(&mutex_);
  const auto found = agencies_.find(agency);
  return found == agencies_.end() ? Agency{} : found->second;
}

std::shared_ptr<AgentSession> AgentRegistry::SessionOf(
    const std::string& agency) const {
  MutexLock lock(&mutex_);
  const auto found = agencies_.find(agency);
  return found == agencies_.end() ? nullptr : found->second.session;
}

std::shared_ptr<const v1::Holding> AgentRegistry::HoldingOf(
    const std::string& agency, const std::string& data_set) const {
  MutexLock lock(&mutex_);
  const auto found = agencies_.find(agency);
  if (found == agencies_.end()) return nullptr;
  for (const auto& holding : found->second.holdings) {
    if (holding->data_set() == data_set) return holding;
  }
  return nullptr;
}

std::vector<std::shared_ptr<AgentSession>> AgentRegistry::Sessions() const {
  std::vector<std::shared_ptr<AgentSession>> sessions;
  MutexLock lock(&mutex_);
  for (const auto& [id, agency] : agencies_) {
    if (agency.session != nullptr) sessions.push_back(agency.session);
  }
  return sessions;
}

}  // namespace cairn
