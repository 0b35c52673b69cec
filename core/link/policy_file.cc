#include "core/link/policy_file.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "google/protobuf/text_format.h"

namespace cairn {

absl::StatusOr<DisclosurePolicy> MakePolicy(
    const v1::DisclosurePolicy& message) {
  if (message.method() != v1::SUPPRESS_AND_ROUND) {
    return absl::InvalidArgumentError(
        message.method() == v1::CELL_KEY
            ? "method CELL_KEY is not in this version; use SUPPRESS_AND_ROUND"
            : "method is missing; write method: SUPPRESS_AND_ROUND");
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
  CAIRN_RETURN_IF_ERROR(CheckPolicy(policy));
  return policy;
}

v1::DisclosurePolicy ToProto(const DisclosurePolicy& policy) {
  v1::DisclosurePolicy message;
  message.set_profile(policy.profile);
  message.set_method(v1::SUPPRESS_AND_ROUND);
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
  return message;
}

namespace {

// The line of the field a sentence starts with, so that an editor finds it.
std::string Place(const std::string& path, const std::string& text,
                  absl::string_view sentence) {
  const std::string field(sentence.substr(0, sentence.find_first_of(" :")));
  v1::DisclosurePolicy again;
  google::protobuf::TextFormat::Parser parser;
  google::protobuf::TextFormat::ParseInfoTree tree;
  parser.WriteLocationsTo(&tree);
  const auto* descriptor =
      v1::DisclosurePolicy::descriptor()->FindFieldByName(field);
  if (descriptor == nullptr || !parser.ParseFromString(text, &again)) {
    return absl::StrCat(path, ":1:1");
  }
  const auto at = tree.GetLocation(descriptor, -1);
  return absl::StrCat(path, ":", at.line < 0 ? 1 : at.line + 1, ":",
                      at.line < 0 ? 1 : at.column + 1);
}

}  // namespace

absl::StatusOr<DisclosurePolicy> ReadPolicy(const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  v1::DisclosurePolicy message;
  CAIRN_RETURN_IF_ERROR(ParseTextProto(path, text, &message));
  auto policy = MakePolicy(message);
  if (policy.ok()) return policy;
  return absl::InvalidArgumentError(
      absl::StrCat(Place(path, text, policy.status().message()), ": ",
                   policy.status().message()));
}

}  // namespace cairn
