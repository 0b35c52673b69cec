#ifndef CAIRN_COORDINATOR_CONFIG_H_
#define CAIRN_COORDINATOR_CONFIG_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "cairn/v1/catalogue.pb.h"
#include "cairn/v1/config.pb.h"
#include "core/disclosure/policy.h"
#include "core/query/catalogue.h"

namespace cairn {

// A coordinator's configuration, read whole and checked.
struct CoordinatorSettings {
  v1::CoordinatorConfig config;
  v1::Catalogue catalogue_message;  // as sent to analysts
  std::shared_ptr<const Catalogue> catalogue;
  std::optional<DisclosurePolicy> floor;  // the loosest rule it takes

  const v1::CoordinatorConfig::Member* FindAgency(const std::string& id) const;
  std::string DatabasePath() const;
};

// Every problem is one sentence with the file, and line and column where the
// text itself is wrong.
absl::StatusOr<CoordinatorSettings> ReadCoordinatorConfig(
    const std::string& path);

// A commented configuration for `cairn-coordinator init`.
std::string ExampleCoordinatorConfig();

}  // namespace cairn

#endif  // CAIRN_COORDINATOR_CONFIG_H_
