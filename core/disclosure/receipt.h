#ifndef CAIRN_CORE_DISCLOSURE_RECEIPT_H_
#define CAIRN_CORE_DISCLOSURE_RECEIPT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/disclosure/protect.h"

namespace cairn {

// What is said of a release beside its cells. There are two receipts.
//
// The *public* one travels with the answer. All of it follows from public terms
// and from the released table itself: it tells nothing that the table does not,
// and whoever has the table can hold the receipt against it.
//
// The *full* one stays in the agency's release store: why each cell is hidden,
// and what the proof came to. It does not leave, because how many hidden cells
// are complements says which (where a row hides two cells and the table has one
// complement, the other is small), and how much work a proof was depends on the
// records. The agency is bound to it all the same: the SHA-256 of 32 random
// bytes and its text stands in the ledger's entry and goes out with the answer.
// Without those bytes nobody can try counts until the hash fits; with them an
// auditor checks the text with any SHA-256 program. A table that leaves again
// leaves with the same hash.

// Which rules these are: raised whenever the same records under the same policy
// would be shown otherwise.
inline constexpr char kRuleEngine[] = "cairn-rules/1";

struct TableReceipt {
  std::string measure;
  std::vector<std::string> variables;  // the levels the table is cut at
  std::string epoch;
  int64_t cells = 0;  // margins included
  int64_t shown = 0;
  int64_t hidden = 0;
  // What the shown cells that are no margin add up to, of the published total:
  // in thousandths, rounded down, at most 1000. Not said where the total is
  // hidden or 0, or where cells do not add up (distinct persons, several values
  // of a variable).
  std::optional<int64_t> shown_permille;
  // Of the full receipt, 32 bytes. Empty where none was kept.
  std::string full_receipt;

  friend bool operator==(const TableReceipt&, const TableReceipt&) = default;
};

struct DisclosureReceipt {
  std::string engine;            // kRuleEngine
  std::string policy_digest;     // SHA-256 of the rule as it is sent, hex
  std::string catalogue_digest;  // hex
  int64_t catalogue_version = 0;
  std::vector<TableReceipt> tables;

  friend bool operator==(const DisclosureReceipt&,
                         const DisclosureReceipt&) = default;
};

// The public receipt of a table, but for full_receipt.
TableReceipt MakeTableReceipt(const ProtectedTable& table);

// The text of the full receipt: one object of JSON, always the same for the
// same protection. `why` in it has one letter a cell, in the table's order:
//   . shown   s small   p few persons   d dominated   a all the same
//   c complement   r hidden in an earlier release   f few of its records
//   changed
// `terms`: its engine and digests; its tables are not used.
std::string FullReceiptText(const DisclosureReceipt& terms,
                            const Protection& protection);

// The letters of `why` of such a text; empty if it has none.
std::string WhyLetters(const std::string& full_receipt_text);

char WhyLetter(HiddenWhy why);
// For people: "small count"; "" for '.' and what is no letter of ours.
const char* WhyInWords(char letter);

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_RECEIPT_H_
