#include "core/link/receipt_wire.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/link/policy_file.h"

namespace cairn {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kMaxName = 64;

v1::TableReceipt ToProto(const TableReceipt& receipt) {
  v1::TableReceipt message;
  message.set_measure(receipt.measure);
  for (const std::string& variable : receipt.variables) {
    message.add_variable(variable);
  }
  message.set_epoch(receipt.epoch);
  message.set_cells(static_cast<uint64_t>(receipt.cells));
  message.set_shown(static_cast<uint64_t>(receipt.shown));
  message.set_hidden(static_cast<uint64_t>(receipt.hidden));
  if (receipt.shown_permille.has_value()) {
    message.set_shown_permille(static_cast<uint32_t>(*receipt.shown_permille));
  }
  message.set_full_receipt(receipt.full_receipt);
  return message;
}

absl::Status Misfit(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("its disclosure receipt ", what));
}

}  // namespace

v1::DisclosureReceipt ToProto(const DisclosureReceipt& receipt) {
  v1::DisclosureReceipt message;
  message.set_engine(receipt.engine);
  message.set_policy_digest(receipt.policy_digest);
  message.set_catalogue_digest(receipt.catalogue_digest);
  message.set_catalogue_version(
      static_cast<uint32_t>(receipt.catalogue_version));
  for (const TableReceipt& table : receipt.tables) {
    *message.add_table() = ToProto(table);
  }
  return message;
}

absl::StatusOr<DisclosureReceipt> FromProto(
    const v1::DisclosureReceipt& message,
    const std::vector<ProtectedTable>& tables) {
  DisclosureReceipt receipt;
  if (message.engine().empty() || message.engine().size() > kMaxName) {
    return Misfit("does not say which rules made it");
  }
  receipt.engine = message.engine();
  receipt.policy_digest = message.policy_digest();
  receipt.catalogue_digest = message.catalogue_digest();
  for (const std::string* hex :
       {&receipt.policy_digest, &receipt.catalogue_digest}) {
    if (absl::HexStringToBytes(*hex).size() == kHashBytes) continue;
    return Misfit("has a digest that is none");
  }
  receipt.catalogue_version = message.catalogue_version();
  if (static_cast<size_t>(message.table_size()) != tables.size()) {
    return Misfit("is not of the tables that came with it");
  }
  for (size_t t = 0; t < tables.size(); ++t) {
    const v1::TableReceipt& said = message.table(static_cast<int>(t));
    TableReceipt table = MakeTableReceipt(tables[t]);
    table.full_receipt = said.full_receipt();
    if (ToProto(table).SerializeAsString() != said.SerializeAsString()) {
      return Misfit("is not of the tables that came with it");
    }
    if (PolicyDigest(tables[t].policy()) != receipt.policy_digest) {
      return Misfit("names another policy than its table");
    }
    if (!table.full_receipt.empty() &&
        table.full_receipt.size() != kHashBytes) {
      return Misfit("has a hash that is none");
    }
    receipt.tables.push_back(std::move(table));
  }
  return receipt;
}

}  // namespace cairn
