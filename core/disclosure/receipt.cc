#include "core/disclosure/receipt.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/base/json.h"

namespace cairn {
namespace {

// The letters, in the order of HiddenWhy.
constexpr char kLetters[] = ".spdacrf";
constexpr char kWhyKey[] = "\"why\":\"";

std::string Hidden(const std::vector<HiddenWhy>& why) {
  std::map<char, int64_t> counts;
  for (const HiddenWhy reason : why) ++counts[WhyLetter(reason)];
  const auto count = [&counts](char letter) {
    return absl::StrCat(counts[letter]);
  };
  return JsonObject()
      .Add("small", count('s'))
      .Add("few_persons", count('p'))
      .Add("dominated", count('d'))
      .Add("all_the_same", count('a'))
      .Add("complement", count('c'))
      .Add("earlier_release", count('r'))
      .Add("few_changed", count('f'))
      .Done();
}

std::string Checks(const ProofMade& proof) {
  return JsonObject()
      .Add("cells", absl::StrCat(proof.cells))
      .Add("sums", absl::StrCat(proof.sums))
      .Add("pinned_tables", absl::StrCat(proof.pinned_tables))
      .Add("sensitive", absl::StrCat(proof.sensitive))
      .Add("certified", absl::StrCat(proof.certified))
      .Add("certified_by_fractions", absl::StrCat(proof.by_fractions))
      .Add("held_as_before", absl::StrCat(proof.held_as_before))
      .Add("certificates", absl::StrCat(proof.certificates))
      .Add("propagation", "\"held\"")
      .Add("elimination", "\"held\"")
      .Done();
}

}  // namespace

TableReceipt MakeTableReceipt(const ProtectedTable& table) {
  TableReceipt receipt;
  receipt.measure = table.measure().ToString();
  for (const TableAxis& axis : table.shape().axes) {
    receipt.variables.push_back(axis.variable);
  }
  receipt.epoch = table.epoch();
  receipt.cells = static_cast<int64_t>(table.cells().size());
  receipt.shown = std::count_if(
      table.cells().begin(), table.cells().end(),
      [](const Cell& cell) { return cell.status == CellStatus::kPublished; });
  receipt.hidden = receipt.cells - receipt.shown;
  std::vector<int64_t> shown;
  shown.reserve(table.cells().size());
  for (const Cell& cell : table.cells()) {
    shown.push_back(cell.status == CellStatus::kPublished ? cell.value : 0);
  }
  receipt.shown_permille =
      ShownPermille(table.shape(), table.additive(), shown, shown.back());
  return receipt;
}

std::string FullReceiptText(const DisclosureReceipt& terms,
                            const Protection& protection) {
  const ProtectedTable& table = protection.table;
  const TableReceipt open = MakeTableReceipt(table);
  std::string letters;
  for (const HiddenWhy why : protection.why) letters += WhyLetter(why);
  return JsonObject()
      .Add("v", "1")
      .Add("engine", JsonText(terms.engine))
      .Add("profile", JsonText(table.policy().profile))
      .Add("rule", JsonText(table.policy().ToWords()))
      .Add("policy_digest", JsonText(terms.policy_digest))
      .Add("catalogue_digest", JsonText(terms.catalogue_digest))
      .Add("catalogue_version", absl::StrCat(terms.catalogue_version))
      .Add("data_set", JsonText(table.data_set()))
      .Add("epoch", JsonText(open.epoch))
      .Add("measure", JsonText(open.measure))
      .Add("table", JsonTexts(open.variables))
      .Add("cells", absl::StrCat(open.cells))
      .Add("shown", absl::StrCat(open.shown))
      .Add("hidden", Hidden(protection.why))
      .Add("shown_permille",
           protection.proof.shown_permille.has_value()
               ? absl::StrCat(*protection.proof.shown_permille)
               : "null")
      .Add("checks", Checks(protection.proof))
      .Add("why", JsonText(letters))
      .Done();
}

std::string WhyLetters(const std::string& full_receipt_text) {
  // The last key, and its letters need no escape.
  const size_t at = full_receipt_text.rfind(kWhyKey);
  if (at == std::string::npos) return "";
  const size_t from = at + sizeof(kWhyKey) - 1;
  return full_receipt_text.substr(from,
                                  full_receipt_text.find('"', from) - from);
}

char WhyLetter(HiddenWhy why) { return kLetters[static_cast<size_t>(why)]; }

const char* WhyInWords(char letter) {
  switch (letter) {
    case 's':
      return "small count";
    case 'p':
      return "too few persons";
    case 'd':
      return "one or two contributors dominate";
    case 'a':
      return "nearly all of a group are in this category";
    case 'c':
      return "complement: would narrow a hidden cell";
    case 'r':
      return "hidden in an earlier release";
    case 'f':
      return "shown before the last load, which changed few of its records";
    default:
      return "";
  }
}

}  // namespace cairn
