#include "agent/config.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "agent/identity_folder.h"
#include "agent/loader.h"
#include "agent/own_database.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/link/catalogue_file.h"
#include "core/link/plan_file.h"
#include "core/link/policy_file.h"
#include "core/link/text_config.h"

namespace cairn {
namespace {

constexpr size_t kNewTablesPerEpoch = 200;
constexpr size_t kMaxBreakBytes = 200;

absl::Status Missing(const std::string& path, absl::string_view field,
                     absl::string_view example) {
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": ", field, " is missing; write ", field, ": ", example));
}

absl::Status Require(const std::string& path, const v1::AgentConfig& config) {
  if (config.agency().empty()) {
    return Missing(path, "agency", "\"thames-valley\"");
  }
  if (config.coordinator().empty()) {
    return Missing(path, "coordinator", "\"coordinator.example:7443\"");
  }
  if (config.state_dir().empty())
    return Missing(path, "state_dir", "\"state\"");
  if (config.catalogue().empty()) {
    return Missing(path, "catalogue", "\"catalogue.textproto\"");
  }
  if (config.policy().empty()) {
    return Missing(path, "policy", "\"standard.textproto\"");
  }
  if (config.has_credentials() && (config.credentials().certificate().empty() ||
                                   config.credentials().key().empty() ||
                                   config.credentials().authority().empty())) {
    return Missing(path, "credentials",
                   "{ certificate: \"..\" key: \"..\" authority: \"..\" }");
  }
  if (config.has_people() && config.people().authority().empty()) {
    return Missing(path, "people", "{ authority: \"people.pub\" }");
  }
  if (config.has_ledger_years() && config.ledger_years() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ledger_years must be at least 1"));
  }
  if (!config.agreement().empty() && !config.has_people()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        ": agreement needs people, whose signatures put it in force; write "
        "people: { authority: \"people.pub\" }"));
  }
  return absl::OkStatus();
}

void Resolve(const std::string& path, v1::AgentConfig* config) {
  const auto fix = [&path](std::string* name) {
    *name = RelativeTo(path, *name);
  };
  fix(config->mutable_state_dir());
  fix(config->mutable_catalogue());
  fix(config->mutable_policy());
  fix(config->mutable_release_plan());
  fix(config->mutable_ledger_keys());
  fix(config->mutable_agreement());
  if (config->has_people()) {
    fix(config->mutable_people()->mutable_authority());
    fix(config->mutable_people()->mutable_deny_list());
  }
  fix(config->mutable_metrics_file());
  if (config->has_credentials()) {
    fix(config->mutable_credentials()->mutable_certificate());
    fix(config->mutable_credentials()->mutable_key());
    fix(config->mutable_credentials()->mutable_authority());
  }
  if (config->has_places()) fix(config->mutable_places()->mutable_file());
  for (v1::Source& source : *config->mutable_source()) {
    fix(source.mutable_mapping());
    for (std::string& file : *source.mutable_file()) fix(&file);
    if (source.database().has_password_file()) {
      fix(source.mutable_database()->mutable_password_file());
    }
  }
}

absl::Status CheckDatabaseOf(const std::string& path, const v1::Source& source,
                             const DisclosurePolicy& policy) {
  if (!source.has_database()) return absl::OkStatus();
  absl::Status checked = CheckOwnDatabase(source.database());
  if (checked.ok() && source.database().in_place() &&
      policy.cell_key.has_value()) {
    checked = absl::InvalidArgumentError(
        "database: records that stay in place have no keys, which the policy's "
        "method CELL_KEY needs; let load copy them (in_place: false)");
  }
  if (checked.ok()) return checked;
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": source ", source.data_set(), ": ", checked.message()));
}

// Each in a month that is covered, once, in order, and with words.
absl::Status CheckBreaks(const v1::Source& source,
                         const std::vector<std::string>& months) {
  std::string before;
  for (const v1::SeriesBreak& broken : source.series_break()) {
    const std::string& month = broken.month();
    const auto wrong = [&month](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(
          "series_break '", PrintableUtf8(month.substr(0, 20)), "': ", what));
    };
    if (std::find(months.begin(), months.end(), month) == months.end()) {
      return wrong("is not a month that is covered, such as 2024-10");
    }
    if (month <= before) return wrong("must be later than the one before it");
    if (broken.what().empty() || broken.what().size() > kMaxBreakBytes) {
      return wrong(absl::StrCat("needs what: in words, at most ",
                                kMaxBreakBytes, " bytes"));
    }
    before = month;
  }
  return absl::OkStatus();
}

absl::Status CheckSources(const std::string& path,
                          const AgentSettings& settings) {
  std::set<std::string> seen;
  for (const v1::Source& source : settings.config.source()) {
    const auto data_set = settings.catalogue->Find(source.data_set());
    if (!data_set.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": source: ", data_set.status().message()));
    }
    if (!seen.insert(source.data_set()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": data set ", source.data_set(),
                       " has two sources; list all files in one"));
    }
    if (source.file().empty() != source.has_database() ||
        source.mapping().empty() || source.covers().empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": source ", source.data_set(),
          " needs file or database, mapping and covers { from: .. to: .. }"));
    }
    CAIRN_RETURN_IF_ERROR(CheckDatabaseOf(path, source, settings.policy));
  }
  for (const v1::Source& source : settings.config.source()) {
    const auto data_set = settings.catalogue->Find(source.data_set());
    const auto months = CoveredMonths(source, **data_set);
    const absl::Status fits =
        months.ok() ? CheckBreaks(source, *months) : months.status();
    if (!fits.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": source ", source.data_set(), ": ", fits.message()));
    }
  }
  for (const std::string& purpose : settings.config.permitted_purpose()) {
    if (!settings.catalogue->HasPurpose(purpose)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": permitted_purpose '", purpose, "' is not in the catalogue"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string AgentSettings::ExtractPath(const std::string& data_set) const {
  return absl::StrCat(config.state_dir(), "/extract/", data_set, ".db");
}
std::string AgentSettings::PlacesPath() const {
  return absl::StrCat(config.state_dir(), "/extract/places.db");
}
std::string AgentSettings::DatabasePath() const {
  return absl::StrCat(config.state_dir(), "/agent.db");
}

const std::vector<PlannedTable>& AgentSettings::PlanOf(
    const std::string& data_set) const {
  static const auto* const kNone = new std::vector<PlannedTable>();
  const auto found = plan.find(data_set);
  return found == plan.end() ? *kNone : found->second;
}
size_t AgentSettings::NewTablesPerEpoch() const {
  return config.has_new_tables_per_epoch() ? config.new_tables_per_epoch()
                                           : kNewTablesPerEpoch;
}

const v1::Source* AgentSettings::FindSource(const std::string& data_set) const {
  for (const v1::Source& source : config.source()) {
    if (source.data_set() == data_set) return &source;
  }
  return nullptr;
}

absl::StatusOr<AgentSettings> ReadAgentConfig(const std::string& path) {
  AgentSettings settings;
  CAIRN_RETURN_IF_ERROR(ReadTextProto(path, &settings.config));
  CAIRN_RETURN_IF_ERROR(Require(path, settings.config));
  Resolve(path, &settings.config);
  settings.enrolled = !settings.config.has_credentials();
  if (settings.enrolled) {
    *settings.config.mutable_credentials() =
        IdentityFolder(settings.config.state_dir()).Current();
  }
  v1::Catalogue message;
  CAIRN_ASSIGN_OR_RETURN(settings.catalogue,
                         ReadCatalogue(settings.config.catalogue(), &message));
  CAIRN_ASSIGN_OR_RETURN(const auto floor, FloorOf(message));
  CAIRN_ASSIGN_OR_RETURN(settings.policy,
                         ReadPolicy(settings.config.policy(), floor));
  if (!settings.config.release_plan().empty()) {
    CAIRN_ASSIGN_OR_RETURN(
        settings.plan,
        ReadReleasePlan(settings.config.release_plan(), *settings.catalogue));
  }
  CAIRN_RETURN_IF_ERROR(CheckSources(path, settings));
  return settings;
}

std::string ExampleAgentConfig(const std::string& agency) {
  static constexpr char kText[] =
      R"(# Cairn agent of AGENCY. Paths are relative to this file.
# Check it with: cairn-agent check --config agent.textproto

# The agency's id; must equal the name in its certificate.
agency: "AGENCY"
name: "AGENCY"

# Where the coordinator listens. The agent dials out; it opens no port.
coordinator: "coordinator.example:7443"
# Where it lets in whoever has an invitation: cairn-agent enrol CODE
# enrolment: "coordinator.example:7444"
# A certificate that came by hand. Without this, that of `cairn-agent enrol` is
# used, which renews itself.
credentials {
  certificate: "agent.pem"
  key: "agent.key"        # chmod 600
  authority: "ca.pem"
}

# Everything the agent keeps: the extract, the ledger, what was released.
state_dir: "state"

# What the partnership agreed: the shared catalogue, and the rule by which
# small cells are hidden. You may tighten the rule; nobody else can loosen it.
catalogue: "catalogue.textproto"
policy: "standard.textproto"

# The tables the partnership agreed to release; load protects them together, and
# most questions are answered from them. Other tables are protected when they
# are first asked for, so many of one data set until its records change.
# release_plan: "release-plan.textproto"

# For Prometheus' textfile collector; the agent opens no port for it.
# metrics_file: "/var/lib/prometheus/node-exporter/cairn-agent.prom"
# new_tables_per_epoch: 200

# The public keys of the partnership's ledgers: the same file for everyone, put
# together from what `cairn-agent keys` prints at each member. Without it, what
# the others say of their ledgers is not checked.
# ledger_keys: "ledger-keys.textproto"

# How many years a sealed ledger is kept at least (docs/rotation.md).
# ledger_years: 7

# Whose signatures count: the people authority's public key, and who is denied.
# With it every question must be signed by its asker.
# people { authority: "people.pub" deny_list: "deny.txt" }

# The sharing agreement, signed by your steward: what is answered, and until when.
# Sign one with: cairn-agent policy sign
# agreement: "agreement.signed"

# Purposes this agency answers for. None listed: every purpose of the catalogue.
# permitted_purpose: "needs_assessment"

# Areas, from the finest code to the areas above it.
# places {
#   file: "places.csv"
#   column { name: "lsoa" variable: "lsoa" label_column: "lsoa_name" }
#   column { name: "lad" variable: "lad" label_column: "lad_name" }
#   population_column: "population"
#   area { variable: "lad" code: "E06000055" }
# }

# Your records: a CSV export, how its columns map, and the closed months it covers.
# source {
#   data_set: "police_incidents"
#   file: "export.csv"
#   mapping: "mapping.textproto"
#   covers { from: "2024-04" to: "2025-03" }
#   # From here on figures are made in another way: said with every answer.
#   series_break { month: "2024-10" what: "a new system: weapon is filled in more often" }
# }
# Or a table or view of your own database, by ODBC, in place of `file`. Give the
# agent an account that can only read; `check` proves that it cannot write.
#   database {
#     connection: "DRIVER={PostgreSQL Unicode};SERVER=db;DATABASE=records;UID=cairn"
#     password_file: "database.password"    # chmod 600
#     table: "public.events"
#     in_place: true    # leave the records there; without it load copies them
#   }
)";
  return absl::StrReplaceAll(kText, {{"AGENCY", agency}});
}

}  // namespace cairn
