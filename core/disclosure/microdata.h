#ifndef CAIRN_CORE_DISCLOSURE_MICRODATA_H_
#define CAIRN_CORE_DISCLOSURE_MICRODATA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace cairn {

// The records behind a data set's tables, as far as tables can tell them apart.
// They are what certificates are made of: a few records changed, and every
// table of every shape changes as it would for real. Never leaves the agent.
struct Microdata {
  using Leaf = uint32_t;

  // What a record says of one dimension: one of so many leaves (the finest
  // codes held; of a multi-valued dimension, the sets of codes).
  struct Part {
    std::string id;
    std::vector<std::string> leaves;  // their names
  };
  std::vector<Part> parts;

  // A variable of tables: the codes that a record has.
  struct Variable {
    std::string name;
    std::vector<std::string> names;  // of its codes
    std::vector<size_t> parts;       // that it depends on
    // By leaf of its one part: positions in `names`; several where the
    // dimension is multi-valued, none where no table has the code.
    std::vector<std::vector<size_t>> codes;
    // A population depends on several parts: its code, from all leaves of a
    // record. Null for other variables.
    std::function<size_t(const Leaf* record)> code;
  };
  std::vector<Variable> variables;

  // The part whose leaf says the record's era, its position in the timeline
  // (core/disclosure/eras.h).
  size_t era_part = 0;

  // Row-major: a leaf for each part.
  std::vector<Leaf> leaves;
  size_t records() const {
    return parts.empty() ? 0 : leaves.size() / parts.size();
  }
  absl::Span<const Leaf> record(size_t r) const {
    return absl::MakeConstSpan(leaves).subspan(r * parts.size(), parts.size());
  }
};

// One record that is another one in a certificate, or is not there, or is
// there in addition. Leaves by part.
struct RecordEdit {
  std::vector<Microdata::Leaf> from;  // empty: added
  std::vector<Microdata::Leaf> to;    // empty: left out
  friend bool operator==(const RecordEdit&, const RecordEdit&) = default;
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_MICRODATA_H_
