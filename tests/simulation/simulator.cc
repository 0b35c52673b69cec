#include "tests/simulation/simulator.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace cairn::simulation {
namespace {

constexpr size_t kWordsKept = 60;

Simulator* current = nullptr;
std::string folder_of_all;

std::string NameOf(Machine machine) {
  return machine == kWorld ? "world"
         : machine == 0    ? "coordinator"
                           : absl::StrCat("a", machine);
}

}  // namespace

Simulator::Simulator(uint64_t seed) : random_(seed) { current = this; }
Simulator::~Simulator() { current = nullptr; }
Simulator* Simulator::Current() { return current; }

void Simulator::At(Machine machine, int64_t us, std::function<void()> work) {
  events_.emplace(std::pair(now() + us, next_++),
                  Event{machine, of(machine).life, std::move(work)});
}

void Simulator::End(Machine machine) {
  ++of(machine).life;
  of(machine).stopping = false;
  of(machine).busy_until = 0;
}

bool Simulator::Step(int64_t until) {
  if (events_.empty() || events_.begin()->first.first > until) {
    now_ = until;
    return false;
  }
  auto next = events_.extract(events_.begin());
  Event& event = next.mapped();
  now_ = next.key().first;
  Of& here = of(event.machine);
  if (event.life != here.life) return true;
  if (event.machine != kWorld && here.busy_until > now_) {
    next.key().first = here.busy_until;
    events_.insert(std::move(next));
    return true;
  }
  ++steps_;
  machine_ = event.machine;
  event.work();
  machine_ = kWorld;
  here.busy_until = now_ + worked_;
  worked_ = 0;
  return true;
}

void Simulator::SetFolder(const std::string& folder) { folder_of_all = folder; }

void Simulator::Say(const std::string& words) {
  std::string line =
      absl::StrFormat("%11.6f s  %-11s %s", now() / 1e6, NameOf(machine_),
                      absl::StrReplaceAll(words, {{folder_of_all, ""}}));
  for (const char c : line) {
    trace_ = (trace_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  static const bool loud = std::getenv("CAIRN_SIMULATION_LOUD") != nullptr;
  if (loud) std::fprintf(stderr, "%s\n", line.c_str());
  words_.push_back(std::move(line));
  if (words_.size() > kWordsKept) words_.pop_front();
}

std::map<std::string, uint64_t>& Simulator::Counts() {
  static std::map<std::string, uint64_t> counts;
  return counts;
}

void Simulator::Find(const std::string& checker, const std::string& words) {
  if (finding_.has_value()) return;
  Say(absl::StrCat("FOUND ", checker, ": ", words));
  finding_ = Finding{checker, words};
}

}  // namespace cairn::simulation
