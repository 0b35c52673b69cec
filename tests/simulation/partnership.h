#ifndef CAIRN_TESTS_SIMULATION_PARTNERSHIP_H_
#define CAIRN_TESTS_SIMULATION_PARTNERSHIP_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agent/config.h"
#include "coordinator/config.h"

namespace cairn::simulation {

// What does not change from run to run: a small partnership, its records
// loaded, in a folder that goes with it.
class Partnership {
 public:
  static constexpr int kAgencies = 3;

  static absl::StatusOr<std::unique_ptr<Partnership>> Make();
  ~Partnership();

  // With the first `agencies` of them.
  CoordinatorSettings Coordinator(int agencies) const;
  const AgentSettings& Agent(int machine) const {
    return agents_.at(static_cast<size_t>(machine) - 1);
  }
  const Catalogue& catalogue() const { return *catalogue_; }
  // The questions there are, as v1.Query.
  const std::vector<std::string>& questions() const { return questions_; }

 private:
  Partnership() = default;
  absl::Status Load(int machine);

  std::string folder_;
  v1::Catalogue catalogue_message_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::vector<AgentSettings> agents_;
  std::vector<std::string> questions_;
};

}  // namespace cairn::simulation

#endif  // CAIRN_TESTS_SIMULATION_PARTNERSHIP_H_
