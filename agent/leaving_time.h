#ifndef CAIRN_AGENT_LEAVING_TIME_H_
#define CAIRN_AGENT_LEAVING_TIME_H_

#include <chrono>

namespace cairn {

// How long after its question was taken up a first answer leaves, whatever it
// came to, that was ready after `worked`: 1/4 s, 1/2 s, or the next whole
// second. Protecting a table takes a time that follows from figures; so few
// moments to leave at say next to nothing of it. Tables that were released
// before are only read, and do not wait.
//
// Kocher 1996 is the attack; blinding to few classes of time, with the count
// of classes as the bound on what leaks, is Askarov, Zhang and Myers 2010
// ("Predictive black-box mitigation of timing channels").
constexpr std::chrono::milliseconds LeavingTime(
    std::chrono::milliseconds worked) {
  constexpr std::chrono::milliseconds kSecond(1000);
  if (worked <= kSecond / 4) return kSecond / 4;
  if (worked <= kSecond / 2) return kSecond / 2;
  return (worked + kSecond - std::chrono::milliseconds(1)) / kSecond * kSecond;
}

}  // namespace cairn

#endif  // CAIRN_AGENT_LEAVING_TIME_H_
