#include "coordinator/config.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/catalogue_file.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

constexpr uint32_t kShortestCertificate = 5;
constexpr uint32_t kLongestCertificate = 30 * 24 * 3600;

absl::Status Bad(const std::string& path, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
}

absl::Status CheckAgencies(const std::string& path,
                           const CoordinatorSettings& settings) {
  std::set<std::string> ids;
  for (const auto& agency : settings.config.agency()) {
    if (agency.id().empty() || !ids.insert(agency.id()).second) {
      return Bad(path, absl::StrCat("agency '", agency.id(),
                                    "' has no id, or is there twice"));
    }
    for (const std::string& data_set : agency.data_set()) {
      const auto found = settings.catalogue->Find(data_set);
      if (!found.ok()) {
        return Bad(path, absl::StrCat("agency ", agency.id(), ": ",
                                      found.status().message()));
      }
    }
  }
  return ids.empty() ? Bad(path, "names no agency; write agency { id: .. }")
                     : absl::OkStatus();
}

absl::Status CheckEnrolment(const std::string& path,
                            const v1::EnrolmentDesk& desk) {
  if (desk.listen().empty() || desk.authority().empty() || desk.key().empty()) {
    return Bad(path, "enrolment needs listen, authority and key");
  }
  if (desk.certificate_seconds() != 0 &&
      (desk.certificate_seconds() < kShortestCertificate ||
       desk.certificate_seconds() > kLongestCertificate)) {
    return Bad(path, absl::StrCat("enrolment: certificate_seconds is from ",
                                  kShortestCertificate, " to ",
                                  kLongestCertificate, ", which is 30 days"));
  }
  return absl::OkStatus();
}

}  // namespace

const v1::CoordinatorConfig::Member* CoordinatorSettings::FindAgency(
    const std::string& id) const {
  for (const auto& agency : config.agency()) {
    if (agency.id() == id) return &agency;
  }
  return nullptr;
}

std::string CoordinatorSettings::DatabasePath() const {
  return absl::StrCat(config.state_dir(), "/coordinator.db");
}

absl::StatusOr<CoordinatorSettings> ReadCoordinatorConfig(
    const std::string& path) {
  CoordinatorSettings settings;
  v1::CoordinatorConfig& config = settings.config;
  CAIRN_RETURN_IF_ERROR(ReadTextProto(path, &config));
  if (config.listen().empty()) {
    return Bad(path, "listen is missing; write listen: \"0.0.0.0:7443\"");
  }
  if (config.state_dir().empty()) {
    return Bad(path, "state_dir is missing; write state_dir: \"state\"");
  }
  if (config.catalogue().empty()) {
    return Bad(path, "catalogue is missing; name the catalogue's file");
  }
  if (config.credentials().certificate().empty() ||
      config.credentials().key().empty() ||
      config.credentials().authority().empty()) {
    return Bad(path, "credentials need certificate, key and authority");
  }
  if (config.has_people() && config.people().authority().empty()) {
    return Bad(path,
               "people is missing its authority; write people { authority: "
               "\"people.pub\" }");
  }
  if (config.has_ledger_years() && config.ledger_years() == 0) {
    return Bad(path, "ledger_years must be at least 1");
  }
  const auto fix = [&path](std::string* name) {
    *name = RelativeTo(path, *name);
  };
  fix(config.mutable_state_dir());
  fix(config.mutable_catalogue());
  fix(config.mutable_ledger_keys());
  if (config.has_people()) {
    fix(config.mutable_people()->mutable_authority());
    fix(config.mutable_people()->mutable_deny_list());
  }
  fix(config.mutable_metrics_file());
  fix(config.mutable_credentials()->mutable_certificate());
  fix(config.mutable_credentials()->mutable_key());
  fix(config.mutable_credentials()->mutable_authority());
  fix(config.mutable_deny_list());
  if (config.has_enrolment()) {
    fix(config.mutable_enrolment()->mutable_authority());
    fix(config.mutable_enrolment()->mutable_key());
    CAIRN_RETURN_IF_ERROR(CheckEnrolment(path, config.enrolment()));
  }
  CAIRN_ASSIGN_OR_RETURN(
      settings.catalogue,
      ReadCatalogue(config.catalogue(), &settings.catalogue_message));
  CAIRN_ASSIGN_OR_RETURN(settings.floor, FloorOf(settings.catalogue_message));
  CAIRN_RETURN_IF_ERROR(CheckAgencies(path, settings));
  return settings;
}

std::string ExampleCoordinatorConfig() {
  return R"(# Cairn coordinator. Paths are relative to this file.

# Agents and analysts dial in here, over mutual TLS.
listen: "0.0.0.0:7443"
credentials {
  certificate: "coordinator.pem"
  key: "coordinator.key"  # chmod 600
  authority: "ca.pem"
}

# Who is not dealt with any more: persons, keys, names; read every few seconds.
# deny_list: "deny.txt"

# Lets in agencies that hold a code of `cairn-coordinator invite`, on a port of its
# own. The authority is the root, or better one below it for agents only:
# make-certificates --issuer makes it.
# enrolment { listen: "0.0.0.0:7444" authority: "issuer.pem" key: "issuer.key" }

# Everything the coordinator keeps: questions, answers, its ledger.
state_dir: "state"
catalogue: "catalogue.textproto"
# For Prometheus' textfile collector; no port is opened for it.
# metrics_file: "/var/lib/prometheus/node-exporter/cairn-coordinator.prom"

# The public keys of the partnership's ledgers: the same file for everyone, put
# together from what `cairn-coordinator keys` prints at each member. Without it, what
# the others say of their ledgers is not checked.
# ledger_keys: "ledger-keys.textproto"

# How many years a sealed ledger is kept at least, and whose signatures count
# where one that went back is given up (docs/rotation.md).
# ledger_years: 7
# people { authority: "people.pub" deny_list: "deny.txt" }

# The agencies of the partnership. An agency that is named here and does not
# answer is shown as silent, never as zero.
agency { id: "riverside-police" name: "Riverside Police" kind: "police" data_set: "police_incidents" }
)";
}

}  // namespace cairn
