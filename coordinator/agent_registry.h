#ifndef CAIRN_COORDINATOR_AGENT_REGISTRY_H_
#define CAIRN_COORDINATOR_AGENT_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "cairn/v1/agent_link.pb.h"
#include "core/base/mutex.h"

namespace cairn {

class AgentSession;

// Who is attached, and what each agency said it holds. One agency, one
// identity, one session: a newer stream of the same identity takes the older
// one's place.
class AgentRegistry {
 public:
  struct Agency {
    std::shared_ptr<AgentSession> session;  // null: not attached
    // As last said; shared, for they are long and looked at by every question.
    std::vector<std::shared_ptr<const v1::Holding>> holdings;
    absl::Time last_seen = absl::InfinitePast();
  };

  // Puts the session into the agency's place, and the one that it takes it from
  // into `replaced`, to be closed outside. False, and nothing changes, if the
  // session has `gone`: that is asked under the lock of Detach, so that a Hello
  // that waited longer than its stream lived leaves nothing behind.
  bool Attach(const std::string& agency, std::shared_ptr<AgentSession> session,
              absl::Time now, absl::FunctionRef<bool()> gone,
              std::shared_ptr<AgentSession>* replaced);
  // Forgets the session if it is still the agency's. True if it was.
  bool Detach(const std::string& agency, const AgentSession* session,
              absl::Time now);
  void SetHoldings(const std::string& agency,
                   const std::vector<v1::Holding>& holdings);
  void Seen(const std::string& agency, absl::Time now);

  Agency Find(const std::string& agency) const;
  // Null if the agency is not attached.
  std::shared_ptr<AgentSession> SessionOf(const std::string& agency) const;
  // Null if the agency has not said that it holds the data set.
  std::shared_ptr<const v1::Holding> HoldingOf(
      const std::string& agency, const std::string& data_set) const;
  // Every attached session, for a drain.
  std::vector<std::shared_ptr<AgentSession>> Sessions() const;

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Agency> agencies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_AGENT_REGISTRY_H_
