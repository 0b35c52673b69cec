#include "coordinator/slots.h"

namespace cairn {

Slots::Slots(size_t in_all, size_t of_one)
    : in_all_(in_all), of_one_(of_one), state_(std::make_shared<State>()) {}

Slots::Slot Slots::Take(const std::string& name, Full* full) {
  Full why = Full::kNo;
  {
    MutexLock lock(&state_->mutex);
    const auto found = state_->by_name.find(name);
    if (state_->taken >= in_all_) {
      why = Full::kInAll;
    } else if (found != state_->by_name.end() && found->second >= of_one_) {
      why = Full::kOfOne;
    } else {
      ++state_->taken;
      ++state_->by_name[name];
    }
  }
  if (full != nullptr) *full = why;
  if (why != Full::kNo) return nullptr;
  // The pointer is only there not to be null; what matters is the deleter.
  return Slot(state_.get(), [state = state_, name](void*) {
    MutexLock lock(&state->mutex);
    --state->taken;
    const auto found = state->by_name.find(name);
    if (--found->second == 0) state->by_name.erase(found);
  });
}

size_t Slots::taken() const {
  MutexLock lock(&state_->mutex);
  return state_->taken;
}

}  // namespace cairn
