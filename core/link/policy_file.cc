#include "core/link/policy_file.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/disclosure/cell_key.h"
#include "core/link/text_config.h"
#include "google/protobuf/text_format.h"

namespace cairn {

namespace {

absl::StatusOr<std::optional<CellKeyNoise>> NoiseOf(
    const v1::DisclosurePolicy& message) {
  if (message.method() != v1::CELL_KEY) {
    if (!message.has_cell_key()) return std::optional<CellKeyNoise>();
    return absl::InvalidArgumentError(
        "cell_key says what noise to make, and only method: CELL_KEY makes "
        "any");
  }
  if (!message.has_cell_key()) {
    return absl::InvalidArgumentError(
        "method is CELL_KEY, but cell_key is missing; write what noise to "
        "make, such as cell_key { variance: 1 max_noise: 2 }");
  }
  const v1::CellKey& given = message.cell_key();
  if (!given.table().empty()) {
    return absl::InvalidArgumentError(
        "cell_key.table is a file, and only a policy file can name one");
  }
  CellKeyNoise noise;
  noise.variance = given.variance();
  noise.max_noise = given.max_noise();
  noise.smallest_shown =
      given.smallest_shown() == 0 ? 1 : given.smallest_shown();
  noise.table_digest = given.table_digest();
  return std::optional<CellKeyNoise>(std::move(noise));
}

}  // namespace

absl::StatusOr<DisclosurePolicy> MakePolicy(
    const v1::DisclosurePolicy& message) {
  if (message.method() != v1::SUPPRESS_AND_ROUND &&
      message.method() != v1::CELL_KEY) {
    return absl::InvalidArgumentError(
        "method is missing; write method: SUPPRESS_AND_ROUND");
  }
  if (message.zeros() == v1::ZEROS_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        "zeros is missing; write HIDDEN or SHOWN");
  }
  if (message.has_dominance() && message.dominance().n() != 2) {
    return absl::InvalidArgumentError("dominance: n must be 2");
  }
  DisclosurePolicy policy;
  policy.profile = message.profile();
  policy.largest_hidden_count = message.largest_hidden_count();
  policy.rounding_base = message.rounding_base();
  policy.minimum_persons = message.minimum_persons();
  policy.zeros_shown = message.zeros() == v1::SHOWN;
  policy.dominance_k = message.has_dominance() ? message.dominance().k() : 0;
  policy.p_percent = message.p_percent();
  CAIRN_ASSIGN_OR_RETURN(policy.cell_key, NoiseOf(message));
  CAIRN_RETURN_IF_ERROR(CheckPolicy(policy));
  return policy;
}

v1::DisclosurePolicy ToProto(const DisclosurePolicy& policy) {
  v1::DisclosurePolicy message;
  message.set_profile(policy.profile);
  message.set_method(policy.cell_key.has_value() ? v1::CELL_KEY
                                                 : v1::SUPPRESS_AND_ROUND);
  message.set_largest_hidden_count(
      static_cast<uint32_t>(policy.largest_hidden_count));
  message.set_rounding_base(static_cast<uint32_t>(policy.rounding_base));
  message.set_minimum_persons(static_cast<uint32_t>(policy.minimum_persons));
  message.set_zeros(policy.zeros_shown ? v1::SHOWN : v1::HIDDEN);
  if (policy.dominance_k > 0) {
    message.mutable_dominance()->set_n(2);
    message.mutable_dominance()->set_k(policy.dominance_k);
  }
  message.set_p_percent(policy.p_percent);
  if (policy.cell_key.has_value()) {
    v1::CellKey* noise = message.mutable_cell_key();
    noise->set_variance(policy.cell_key->variance);
    noise->set_max_noise(static_cast<uint32_t>(policy.cell_key->max_noise));
    noise->set_smallest_shown(
        static_cast<uint32_t>(policy.cell_key->smallest_shown));
    noise->set_table_digest(policy.cell_key->table_digest);
  }
  return message;
}

std::string PolicyDigest(const DisclosurePolicy& policy) {
  return Sha256Hex(ToProto(policy).SerializeAsString());
}

namespace {

using google::protobuf::TextFormat;

std::string At(const std::string& path, TextFormat::ParseLocation at) {
  return absl::StrCat(path, ":", at.line < 0 ? 1 : at.line + 1, ":",
                      at.line < 0 ? 1 : at.column + 1);
}

// The line of the field a sentence starts with ("rounding_base is ..",
// "cell_key.variance is .."), so that an editor finds it.
std::string Place(const std::string& path, const std::string& text,
                  absl::string_view sentence) {
  const std::vector<std::string> fields =
      absl::StrSplit(sentence.substr(0, sentence.find_first_of(" :")), '.');
  v1::DisclosurePolicy again;
  TextFormat::Parser parser;
  TextFormat::ParseInfoTree tree;
  parser.WriteLocationsTo(&tree);
  TextFormat::ParseLocation at;  // -1: unknown
  if (!parser.ParseFromString(text, &again)) return At(path, at);
  const TextFormat::ParseInfoTree* inside = &tree;
  const auto* type = v1::DisclosurePolicy::descriptor();
  for (const std::string& name : fields) {
    const auto* field = type == nullptr ? nullptr : type->FindFieldByName(name);
    if (field == nullptr || inside == nullptr) break;
    const auto found = inside->GetLocation(field, -1);
    if (found.line < 0) break;  // not there: the message around it
    at = found;
    type = field->message_type();
    inside = type == nullptr ? nullptr : inside->GetTreeForNested(field, -1);
  }
  return At(path, at);
}

// A file with a v1::PerturbationTable.
absl::StatusOr<PerturbationTable> ReadTable(const std::string& path,
                                            const std::string& text) {
  v1::PerturbationTable message;
  CAIRN_RETURN_IF_ERROR(ParseTextProto(path, text, &message));
  v1::PerturbationTable again;
  TextFormat::Parser parser;
  TextFormat::ParseInfoTree tree;
  parser.WriteLocationsTo(&tree);
  parser.ParseFromString(text, &again);
  const auto* field =
      v1::PerturbationTable::descriptor()->FindFieldByName("row");
  std::vector<PerturbationTable::Row> rows;
  for (int i = 0; i < message.row_size(); ++i) {
    const std::string place = At(path, tree.GetLocation(field, i));
    if (message.row(i).count() != static_cast<uint32_t>(i)) {
      return absl::InvalidArgumentError(absl::StrCat(
          place, ": this is row ", i + 1, ", so it must be of count ", i,
          ", not of ", message.row(i).count(),
          ": rows start at 0 and leave no count out"));
    }
    PerturbationTable::Row row;
    for (const auto& step : message.row(i).step()) {
      row.push_back({step.noise(), step.probability()});
    }
    const absl::Status fits = PerturbationTable::CheckRow(i, row);
    if (!fits.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(place, ": ", fits.message()));
    }
    rows.push_back(std::move(row));
  }
  auto table = PerturbationTable::Create(std::move(rows));
  if (table.ok()) return table;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":1:1: ", table.status().message()));
}

// Reads the table that a policy names, and puts what it comes to in the place
// of its name.
absl::StatusOr<std::shared_ptr<const PerturbationTable>> TakeTable(
    const std::string& policy_path, const std::string& policy_text,
    v1::DisclosurePolicy* policy) {
  v1::CellKey* noise = policy->mutable_cell_key();
  const auto fail = [&](absl::string_view sentence) {
    return absl::InvalidArgumentError(absl::StrCat(
        Place(policy_path, policy_text, sentence), ": ", sentence));
  };
  for (const auto& [given, name] :
       {std::pair{noise->variance() != 0, "variance"},
        std::pair{noise->max_noise() != 0, "max_noise"},
        std::pair{noise->smallest_shown() != 0, "smallest_shown"}}) {
    if (!given) continue;
    return fail(absl::StrCat("cell_key.", name,
                             " is worked out from the table; leave it out"));
  }
  const std::string path = RelativeTo(policy_path, noise->table());
  auto text = ReadFile(path);
  if (!text.ok()) {
    return fail(absl::StrCat("cell_key.table cannot be read: ",
                             text.status().message()));
  }
  CAIRN_ASSIGN_OR_RETURN(PerturbationTable table, ReadTable(path, *text));
  noise->clear_table();
  noise->set_variance(table.variance());
  noise->set_max_noise(static_cast<uint32_t>(table.max_noise()));
  noise->set_smallest_shown(static_cast<uint32_t>(table.smallest_shown()));
  noise->set_table_digest(Sha256Hex(*text));
  return std::make_shared<const PerturbationTable>(std::move(table));
}

}  // namespace

absl::StatusOr<std::optional<DisclosurePolicy>> FloorOf(
    const v1::Catalogue& catalogue) {
  if (!catalogue.has_floor()) return std::optional<DisclosurePolicy>();
  auto floor = MakePolicy(catalogue.floor());
  if (floor.ok()) return *std::move(floor);
  return absl::InvalidArgumentError(
      absl::StrCat("floor: ", floor.status().message()));
}

absl::StatusOr<DisclosurePolicy> ReadPolicy(
    const std::string& path, const std::optional<DisclosurePolicy>& floor) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  v1::DisclosurePolicy message;
  CAIRN_RETURN_IF_ERROR(ParseTextProto(path, text, &message));
  const auto fail = [&](absl::string_view sentence) {
    return absl::InvalidArgumentError(
        absl::StrCat(Place(path, text, sentence), ": ", sentence));
  };
  if (!message.cell_key().table_digest().empty()) {
    return fail("cell_key.table_digest is worked out; leave it out");
  }
  std::shared_ptr<const PerturbationTable> table;
  if (message.method() == v1::CELL_KEY && !message.cell_key().table().empty()) {
    CAIRN_ASSIGN_OR_RETURN(table, TakeTable(path, text, &message));
  }
  auto policy = MakePolicy(message);
  if (!policy.ok()) return fail(policy.status().message());
  if (floor.has_value()) {
    const absl::Status fits = CheckAtLeast(*policy, *floor);
    if (!fits.ok()) return fail(fits.message());
  }
  if (policy->cell_key.has_value()) policy->cell_key->loaded = std::move(table);
  return policy;
}

}  // namespace cairn
