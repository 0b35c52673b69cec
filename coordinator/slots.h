#ifndef CAIRN_COORDINATOR_SLOTS_H_
#define CAIRN_COORDINATOR_SLOTS_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "core/base/mutex.h"

namespace cairn {

// How much may be under way at once, in all and of one name, so that nobody
// takes everybody's place. Safe from any thread.
class Slots {
 public:
  // Holds its place until it is destroyed; may outlive the Slots.
  using Slot = std::shared_ptr<void>;

  Slots(size_t in_all, size_t of_one);

  // Null if there is no place: full says which of the two limits it was.
  enum class Full { kNo, kInAll, kOfOne };
  Slot Take(const std::string& name, Full* full = nullptr);

  size_t taken() const;

 private:
  struct State {
    mutable Mutex mutex;
    size_t taken ABSL_GUARDED_BY(mutex) = 0;
    std::map<std::string, size_t> by_name ABSL_GUARDED_BY(mutex);
  };

  const size_t in_all_;
  const size_t of_one_;
  const std::shared_ptr<State> state_;
};

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_SLOTS_H_
